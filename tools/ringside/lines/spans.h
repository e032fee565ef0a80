// Spans in ns as people read them.
#pragma once

#include <cstdint>
#include <string>

#include "report/model/format.h"

namespace ringside::tool {

inline std::string span_text(std::int64_t ns) { return format_span(static_cast<double>(ns)); }
// With the unit padded, for columns.
inline std::string span_cell(std::int64_t ns) { return format_span_cell(static_cast<double>(ns)); }

}  // namespace ringside::tool
