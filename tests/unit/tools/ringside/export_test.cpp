// How much an export holds.
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "tests/unit/daemon/files_of_test.h"
#include "tests/unit/tools/ringside/tool_ring.h"
#include "tools/ringside/commands/export_records.h"
#include "tools/ringside/commands/record.h"
#include "tools/ringside/export/export.h"

namespace ringside::tool {
namespace {

ExportOptions options_of(const ToolRing& ring, ExportFormat format) {
  ExportOptions options;
  options.source = ring.path;
  options.output = ring.directory.file("export");
  options.format = format;
  return options;
}

TEST_CASE(
    "Export: a trace has a limit, against which only what matches counts, and lines have none") {
  ToolRing ring;
  for (int i = 0; i < 10; ++i) ring.write(0, kSend, i * kMs, 1);
  for (int i = 0; i < 20; ++i) ring.write(1, kLogin, i * kMs, 1);
  for (const auto format :
       {ExportFormat::perfetto, ExportFormat::chrome, ExportFormat::csv, ExportFormat::json}) {
    CAPTURE(static_cast<int>(format));
    ExportOptions options = options_of(ring, format);
    std::ofstream(options.output) << "old";
    options.most_trace_records = 9;
    CHECK(export_records(options) == (is_trace(format) ? 1 : 0));
    CHECK((read_text(options.output) == "old") == is_trace(format));
    options.filter.operations = {"SEND_MESSAGE"};
    CHECK(export_records(options) == (is_trace(format) ? 1 : 0));
    options.most_trace_records = 10;
    CHECK(export_records(options) == 0);
    CHECK(read_text(options.output) != "old");
  }
}

TEST_CASE("Export: a recording gives the lines that its ring gives") {
  ToolRing ring({4, 1024, 64});
  for (int i = 0; i < 3000; ++i)
    ring.write(static_cast<std::uint32_t>(i % 3), kSend, i * kMs, i * 10, Outcome::timeout);
  RecordOptions record_options;
  record_options.source = ring.path;
  record_options.output = ring.directory.file("recording");
  record_options.snapshot = true;
  REQUIRE(record(record_options) == 0);
  // Without the times: a ring's clock goes on between the two.
  const auto lines = [&](const std::string& source, ExportFormat format) {
    ExportOptions options = options_of(ring, format);
    options.source = source;
    REQUIRE(export_records(options) == 0);
    std::istringstream in(read_text(options.output));
    std::string out;
    for (std::string line; std::getline(in, line);)
      out += line.substr(line.find(format == ExportFormat::csv ? ',' : 'l')) + '\n';
    return out;
  };
  for (const auto format : {ExportFormat::csv, ExportFormat::json}) {
    const std::string from_ring = lines(ring.path, format);
    CHECK(std::count(from_ring.begin(), from_ring.end(), '\n') >= 3000);
    CHECK(from_ring == lines(record_options.output, format));
  }
}

TEST_CASE("Export: a trace interns no more parties than it can remember") {
  const ToolRing ring({2, 64, 64});
  const Source source = ring.open();
  // A new party in each record, as in a ring that is garbage.
  constexpr std::uint64_t kParties = 40'000;
  std::vector<Seen> records(kParties);
  for (std::uint64_t i = 0; i < kParties; ++i) {
    records[i].position = i;
    records[i].record = test::operation(kSend, ring.ticks(static_cast<std::int64_t>(i) * kMs), 1);
    records[i].record.flags = static_cast<std::uint16_t>(ActorKind::session);
    records[i].record.actor = 1'000'000 + i;
  }
  std::string trace;
  write_export(*source.file, records, {}, ExportFormat::perfetto, false,
               [&](std::string_view bytes) {
                 trace += bytes;
                 return true;
               });
  // An interned string is `1A iid`, and one that is not is a note of its own: each party's text is
  // there once, whatever way it takes.
  std::size_t interned = 0;
  std::size_t found = 0;
  for (std::size_t at = 0; (at = trace.find("session 1", at)) != std::string::npos; ++at) {
    ++found;
    // InternedString.str is field 2, DebugAnnotation.string_value field 6.
    REQUIRE(at >= 2);
    interned += trace[at - 2] == (2 << 3 | 2);
    CHECK((trace[at - 2] == (2 << 3 | 2) || trace[at - 2] == (6 << 3 | 2)));
  }
  CHECK(found == kParties);
  CHECK(interned == 1U << 14);
}

}  // namespace
}  // namespace ringside::tool
