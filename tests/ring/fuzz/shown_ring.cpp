// Fuzz target: a file under a ring's name (spoilt_file.h) is shown by `ringside list`, `inspect
// --verify`, and by what `tail`, `show`, `explain`, `autopsy`, `export`, `hist` and
// `top --once` do with it.
//
//   flags    4 JSON, 8 list, 16 records; 32 only one operation, and hist and top; 64 only failures,
//            128 no labels
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "tests/ring/fuzz/spoilt_file.h"
#include "tools/ringside/autopsy/findings.h"
#include "tools/ringside/commands/commands.h"
#include "tools/ringside/commands/hist.h"
#include "tools/ringside/commands/list.h"
#include "tools/ringside/detail/record_page.h"
#include "tools/ringside/explain/explanation.h"
#include "tools/ringside/export/export.h"
#include "tools/ringside/export/timeline.h"
#include "tools/ringside/filter/filter_flags.h"
#include "tools/ringside/filter/matcher.h"
#include "tools/ringside/lines/record_lines.h"
#include "tools/ringside/source/source.h"
#include "tools/ringside/top/once.h"
#include "tools/ringside/top/session.h"

using namespace ringside;
using namespace ringside::fuzz;

namespace {

// `list` reads a folder. The file in it is empty, and what is opened under its name is in memory.
const std::string& path() {
  static const std::string made = Scratch::file("ringside.spoilt");
  return made;
}

// Every record as text, JSON and CSV; of one the page and what was around it.
void show_records(unsigned flags) {
  Failure failure;
  const tool::Source source = tool::open_source(path(), &failure);
  FUZZ_REQUIRE(source.file != nullptr);
  std::vector<tool::Seen> records;
  source.records->read(records, true);
  const tool::RecordCounts& counts = source.records->counts();
  FUZZ_REQUIRE(records.size() + counts.rejected == counts.read);
  tool::FilterFlags given;
  given.failures = (flags & 64) != 0;
  if ((flags & 32) != 0) given.operations = {"SEND_MESSAGE"};
  tool::Wanted wanted;
  tool::FilterError error;
  FUZZ_REQUIRE(tool::read_flags(given, wanted, error));
  const auto reference = tool::reference_ticks(source, records);
  const auto matcher = tool::Matcher::make(wanted, *source.file, reference, error);
  std::string text;
  for (const auto format :
       {tool::LineFormat::text, tool::LineFormat::json, tool::LineFormat::csv}) {
    tool::RecordLines lines(*source.file, format, {true, true, (flags & 128) == 0});
    for (const tool::Seen& seen : records) {
      if (!matcher || (*matcher)(seen)) lines.append(seen, text);
    }
  }
  tool::find(*source.file, records, 3);
  for (const auto format : {tool::ExportFormat::perfetto, tool::ExportFormat::chrome,
                            tool::ExportFormat::csv, tool::ExportFormat::json}) {
    tool::write_export(*source.file, records, tool::unfinished_of(*source.file), format,
                       (flags & 128) == 0, [](std::string_view) { return true; });
  }
  if (records.empty()) return;
  const tool::Seen& one = records[flags % records.size()];
  tool::record_page(*source.file, one, reference);
  tool::explain_record(*source.file, one, records);
}

// What `hist` and `top --once` make of them.
void show_summaries(unsigned flags) {
  tool::HistOptions hist;
  hist.source = path();
  hist.by = (flags & 64) != 0 ? tool::HistBy::stage : tool::HistBy::op;
  hist.json = (flags & 4) != 0;
  hist.once = true;
  tool::hist(hist);
  tool::top::SessionOptions options;
  options.source = path();
  tool::top::Refusal refusal;
  const auto session = tool::top::Session::open(options, refusal);
  FUZZ_REQUIRE(session != nullptr);
  tool::top::Wish wish;
  wish.lanes = wish.errors = wish.actors = true;
  tool::top::Picture picture;
  session->fill(wish, picture);
  tool::top::once_as_json(picture);
  tool::top::once_as_text(picture, {}, 100);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  SpoiltFile::make_all();
  std::ofstream file(path());
  // The tool formats its output, and nobody sees it.
  return std::freopen("/dev/null", "w", stdout) != nullptr ? 0 : 1;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const SpoiltFile spoilt(data, size);
  SegmentFacts facts;
  Failure failure;
  const MemoryFile& file = spoilt.file();
  // What can't be opened is told on standard error, line by line.
  if (open_segment_in(file.bytes, file.count, path(), file.inode, &facts, &failure) == nullptr)
    return 0;
  put_file(path(), file);
  tool::InspectOptions inspect;
  inspect.json = (spoilt.flags() & 4) != 0;
  inspect.names = inspect.labels = true;
  FUZZ_REQUIRE(tool::inspect(path(), inspect) == 0);
  inspect.verify = true;
  tool::inspect(path(), inspect);  // 1 where it finds a fault
  if ((spoilt.flags() & 8) != 0) {
    tool::ListOptions list;
    list.folder = path().substr(0, path().rfind('/'));
    list.json = inspect.json;
    FUZZ_REQUIRE(tool::list(list) == 0);
  }
  if ((spoilt.flags() & 16) != 0) show_records(spoilt.flags());
  if ((spoilt.flags() & 48) == 48) show_summaries(spoilt.flags());
  remove_all_files();
  return 0;
}
