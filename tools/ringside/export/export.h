// Every format that records can be exported in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tools/ringside/export/sink.h"
#include "tools/ringside/lines/record_lines.h"
#include "tools/ringside/source/source.h"

namespace ringside::tool {

enum class ExportFormat : std::uint8_t { perfetto, chrome, csv, json };

// A line needs its record alone (LineExport). A trace sorts what is in it.
constexpr bool is_trace(ExportFormat format) {
  return format == ExportFormat::perfetto || format == ExportFormat::chrome;
}
// Of a format that is no trace.
constexpr LineFormat line_format(ExportFormat format) {
  return format == ExportFormat::csv ? LineFormat::csv : LineFormat::json;
}
// So many records a trace may have. A trace is in the order of begins and of tracks, so all of them
// are held in memory: sizeof(Seen) each, and an index beside it.
inline constexpr std::size_t kMostTraceRecords = std::size_t{1} << 23;

// `records` in the order of their ends. Operations of a dead server that never ended are in
// `unfinished`; only traces show them.
void write_export(const RingFile& file, std::vector<Seen> records,
                  const std::vector<Seen>& unfinished, ExportFormat format, bool labels,
                  const Sink& sink);

}  // namespace ringside::tool
