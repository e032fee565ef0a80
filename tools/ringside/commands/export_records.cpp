#include "tools/ringside/commands/export_records.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "report/model/format.h"
#include "tools/ringside/commands/opened.h"
#include "tools/ringside/export/timeline.h"
#include "tools/ringside/lines/output.h"
#include "tools/ringside/lines/tally.h"
#include "tools/ringside/lines/terminal.h"

namespace ringside::tool {

namespace {

constexpr const char* kExportCommand = "ringside export";

int refuse(const std::string& what, int code = 1) {
  std::fprintf(stderr, "%s: %s\n", kExportCommand, what.c_str());
  return code;
}

}  // namespace

int export_records(const ExportOptions& options) {
  if (options.format == ExportFormat::perfetto && options.output.empty() &&
      standard_output().is_one) {
    return refuse(
        "found a terminal, expected a file or a pipe: a perfetto trace is binary\n"
        "  next: give -o FILE, or --format json",
        2);
  }
  Opened opened = open_filtered(kExportCommand, options.source, options.filter, true);
  if (opened.code != 0) return opened.code;
  const RingFile& file = *opened.source.file;
  for (const std::string& input : {options.source, file.segment().path()}) {
    const std::string wrong = reads_and_writes(options.output, input);
    if (!wrong.empty()) return refuse(wrong);
  }

  Tally tally;
  const auto wanted = [&](const Seen& seen) { return (*opened.matcher)(seen); };
  std::vector<Seen> records = std::move(opened.first);
  const std::size_t read = records.size();
  std::erase_if(records, [&](const Seen& seen) { return !wanted(seen); });
  tally.matched = records.size();
  tally.filtered = read - records.size();
  std::vector<Seen> unfinished = unfinished_of(file);
  std::erase_if(unfinished, [&](const Seen& seen) { return !wanted(seen); });

  Failure failure;
  const auto output = Output::open(options.output, &failure);
  if (output == nullptr) {
    return refuse(failure.message +
                  "\n  next: give -o a path in a directory that exists and that you may write");
  }
  write_export(file, std::move(records), unfinished, options.format, options.labels,
               [&](std::string_view bytes) { return output->write(bytes); });
  if (const auto failed = output->finish()) return refuse(failed->message);
  say_tally(kExportCommand, tally, opened.source.records->counts());
  return 0;
}

}  // namespace ringside::tool
