// The report as plain text: no colour, no control characters, aligned columns, made to be read in a
// terminal or a mail at three in the morning. What the sections and figures mean is in
// report/README.md.
#pragma once

#include <cstddef>
#include <string>

#include "report/analysis/analysis.h"
#include "report/render/sections/document.h"

namespace ringside {

struct TextOptions {
  std::size_t width = 100;  // columns; narrower pages cut names and break tables in two
  Limits limits;
};

std::string render_text(const Report& report, const TextOptions& options = {});

}  // namespace ringside
