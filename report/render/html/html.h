// The report as one HTML page: self-contained, offline, for screen, phone and paper. It says what
// the text report says, and draws what can be drawn. No request leaves the page.
#pragma once

#include <string>

#include "report/analysis/analysis.h"
#include "report/render/sections/document.h"

namespace ringside {

// A quiet night is shown whole, whatever `limits` says: a page can be scrolled.
std::string render_html(const Report& report, const Limits& limits = {});

}  // namespace ringside
