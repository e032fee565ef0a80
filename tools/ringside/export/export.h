// Every format that records can be exported in.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/ringside/export/sink.h"
#include "tools/ringside/source/source.h"

namespace ringside::tool {

enum class ExportFormat : std::uint8_t { perfetto, chrome, csv, json };

// `records` in the order of their ends. Operations of a dead server that never ended are in
// `unfinished`; only traces show them.
void write_export(const RingFile& file, std::vector<Seen> records,
                  const std::vector<Seen>& unfinished, ExportFormat format, bool labels,
                  const Sink& sink);

}  // namespace ringside::tool
