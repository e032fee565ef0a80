// Records for other programs.
#pragma once

#include <cstddef>
#include <string>

#include "tools/ringside/export/export.h"
#include "tools/ringside/filter/filter_flags.h"

namespace ringside::tool {

struct ExportOptions {
  std::string source;
  std::string output;  // the file to write; empty: standard output
  ExportFormat format = ExportFormat::perfetto;
  bool labels = true;  // what the server calls users, rooms and addresses
  std::size_t most_trace_records = kMostTraceRecords;
  FilterFlags filter;
};
// Writes what is there now. Returns the exit code.
int export_records(const ExportOptions& options);

}  // namespace ringside::tool
