// Records as lines: CSV, or a JSON object each, as `ringside tail` prints them.
#pragma once

#include <vector>

#include "tools/ringside/export/sink.h"
#include "tools/ringside/lines/record_lines.h"

namespace ringside::tool {

void write_lines(const RingFile& file, const std::vector<Seen>& records, LineFormat format,
                 bool labels, const Sink& sink);

}  // namespace ringside::tool
