// The report in Markdown: for a ticket, a chat or a wiki. It says what the text report says.
#pragma once

#include <string>

#include "report/analysis/analysis.h"
#include "report/render/sections/document.h"

namespace ringside {

std::string render_markdown(const Report& report, const Limits& limits = {});

}  // namespace ringside
