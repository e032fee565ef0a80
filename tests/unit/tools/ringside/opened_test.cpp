// How much of a source a command holds.
#include "tools/ringside/commands/opened.h"

#include <string>

#include "tests/unit/tools/ringside/tool_ring.h"
#include "tools/ringside/commands/record.h"

namespace ringside::tool {
namespace {

TEST_CASE("Opened: a recording of more records than may be held is refused, and can be streamed") {
  ToolRing ring;
  for (int i = 0; i < 30; ++i) ring.write(0, kSend, i * kMs, 1);
  RecordOptions options;
  options.source = ring.path;
  options.output = ring.directory.file("recording");
  options.snapshot = true;
  REQUIRE(record(options) == 0);
  const auto open = [&](const std::string& source, const OpenWish& wish) {
    return open_filtered("test", source, {}, wish);
  };
  CHECK(open(options.output, {.all = true, .most = 30}).first.size() == 30);
  const Opened refused = open(options.output, {.all = true, .most = 29});
  CHECK(refused.code == 1);
  CHECK(refused.first.empty());
  Opened streamed = open(options.output, {.stream = true, .most = 29});
  CHECK(streamed.code == 0);
  std::size_t count = 0;
  CHECK(read_to_end(*streamed.source.records, nullptr,
                    [&](const std::vector<Seen>& records) { count += records.size(); }));
  CHECK(count == 30);
  // A ring has its own bound.
  CHECK(open(ring.path, {.all = true, .most = 29}).first.size() == 30);
}

}  // namespace
}  // namespace ringside::tool
