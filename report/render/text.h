// The report as plain text: no colour, no control characters, aligned columns, made to be read in a terminal or a mail
// at three in the morning. What the sections and figures mean is in report/README.md.
#pragma once

#include <cstddef>
#include <string>

#include "report/model/snapshot.h"

namespace ringside {

struct TextOptions {
  std::size_t width = 100;        // columns, 100 at least is what the tables are made for; 80 cuts long names
  std::size_t transitions = 40;   // latest alert transitions shown
  std::size_t errors = 15;        // kinds of errors shown, failures first
  std::size_t top = 5;            // actors, subjects and slowest operations shown
};

std::string render_text(const Snapshot& snapshot, const TextOptions& options = {});

}  // namespace ringside
