#include "tools/ringside/commands/export_records.h"

#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "report/model/format.h"
#include "tools/ringside/commands/opened.h"
#include "tools/ringside/export/lines.h"
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

// Calls `take` with each wanted record of the source, in the order of the ends, until it says
// false.
template <typename Take>
void for_each_wanted(Opened& opened, Tally& tally, const Take& take) {
  Records& records = *opened.source.records;
  std::vector<Seen> batch = std::move(opened.first);
  // Of a ring everything is there already. A recording is read batch by batch.
  auto next = opened.source.recorded ? Records::Next::more : Records::Next::ended;
  while (true) {
    for (const Seen& seen : batch) {
      if (!(*opened.matcher)(seen)) {
        ++tally.filtered;
        continue;
      }
      ++tally.matched;
      if (!take(seen)) return;
    }
    if (next != Records::Next::more) break;
    batch.clear();
    next = records.read(batch, true);
  }
  say_faults(opened.source);
}

std::unique_ptr<Output> open_output(const ExportOptions& options) {
  Failure failure;
  auto output = Output::open(options.output, &failure);
  if (output == nullptr)
    refuse(failure.message +
           "\n  next: give -o a path in a directory that exists and that you may write");
  return output;
}

int finish(Output& output, const Opened& opened, const Tally& tally) {
  if (const auto failed = output.finish()) return refuse(failed->message);
  say_tally(kExportCommand, tally, opened.source.records->counts());
  return 0;
}

int export_lines(const ExportOptions& options, Opened& opened, Tally& tally) {
  const auto output = open_output(options);
  if (output == nullptr) return 1;
  const Sink sink = [&](std::string_view bytes) { return output->write(bytes); };
  LineExport lines(*opened.source.file, line_format(options.format), options.labels, sink);
  for_each_wanted(opened, tally, [&](const Seen& seen) { return lines.take(seen); });
  lines.finish();
  return finish(*output, opened, tally);
}

int export_trace(const ExportOptions& options, Opened& opened, Tally& tally) {
  const RingFile& file = *opened.source.file;
  std::vector<Seen> records;
  for_each_wanted(opened, tally, [&](const Seen& seen) {
    // The rest is only counted.
    if (tally.matched > options.most_trace_records) {
      records = {};
    } else {
      records.push_back(seen);
    }
    return true;
  });
  if (tally.matched > options.most_trace_records) {
    return refuse("found " + format_count(tally.matched) + " records, expected at most " +
                  format_count(options.most_trace_records) +
                  ": a trace is sorted in memory\n"
                  "  next: choose fewer with --since, --until or another filter, or give --format "
                  "csv or json, which have no limit");
  }
  std::vector<Seen> unfinished = unfinished_of(file);
  std::erase_if(unfinished, [&](const Seen& seen) { return !(*opened.matcher)(seen); });
  const auto output = open_output(options);
  if (output == nullptr) return 1;
  write_export(file, std::move(records), unfinished, options.format, options.labels,
               [&](std::string_view bytes) { return output->write(bytes); });
  return finish(*output, opened, tally);
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
  Opened opened = open_filtered(kExportCommand, options.source, options.filter,
                                {.all = true, .raw = false, .stream = true});
  if (opened.code != 0) return opened.code;
  const RingFile& file = *opened.source.file;
  for (const std::string& input : {options.source, file.segment().path()}) {
    const std::string wrong = reads_and_writes(options.output, input);
    if (!wrong.empty()) return refuse(wrong);
  }
  Tally tally;
  return is_trace(options.format) ? export_trace(options, opened, tally)
                                  : export_lines(options, opened, tally);
}

}  // namespace ringside::tool
