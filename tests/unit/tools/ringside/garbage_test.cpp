// A ring is bytes that anybody may have written over. Records and clocks of extreme values go
// through every view; with -fsanitize=undefined an overflow ends the test.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "shm/file_descriptor.h"
#include "tests/unit/tools/ringside/tool_ring.h"
#include "tools/ringside/commands/autopsy.h"
#include "tools/ringside/commands/commands.h"
#include "tools/ringside/commands/explain.h"
#include "tools/ringside/commands/export_records.h"
#include "tools/ringside/commands/hist.h"
#include "tools/ringside/commands/record.h"
#include "tools/ringside/commands/show.h"
#include "tools/ringside/commands/tail.h"
#include "tools/ringside/commands/top.h"

namespace ringside::tool {
namespace {

// What the commands print goes nowhere.
class Quiet {
 public:
  Quiet() {
    const FileDescriptor none(open("/dev/null", O_WRONLY | O_CLOEXEC));
    std::fflush(nullptr);
    for (const int fd : {1, 2}) {
      kept_[fd] = dup(fd);
      dup2(none.get(), fd);
    }
  }
  ~Quiet() {
    std::fflush(nullptr);
    for (const int fd : {1, 2}) {
      dup2(kept_[fd], fd);
      close(kept_[fd]);
    }
  }

 private:
  int kept_[3] = {};
};

constexpr std::int64_t kExtremes[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};

void fill(ToolRing& ring) {
  for (const std::int64_t start : kExtremes) {
    for (const std::int64_t duration : kExtremes) {
      Record record =
          test::operation(kSend, static_cast<std::uint64_t>(start), duration, Outcome::error);
      record.flags =
          static_cast<std::uint16_t>(static_cast<unsigned>(ActorKind::user) | kFlagStages);
      record.actor = 42;
      for (std::size_t stage = 0; stage < kStageCount; ++stage)
        record.set_stage(stage, stage % 2 == 0 ? kStageMask : 1);
      ring.write(0, record);
      record.operation = kRetry;
      record.kind = static_cast<std::uint8_t>(Kind::event);
      record.flags = static_cast<std::uint16_t>(ActorKind::user);
      record.event = {duration, kMaxOperations, {}};
      ring.write(1, record);
    }
  }
}

// Each view's exit code but those that are 0, by its name.
std::vector<std::string> failed_views(const ToolRing& ring) {
  const Quiet quiet;
  std::vector<std::string> failed;
  const auto view = [&](const std::string& name, int code) {
    if (code != 0) failed.push_back(name + ": " + std::to_string(code));
  };
  for (const LineFormat format : {LineFormat::text, LineFormat::json, LineFormat::csv}) {
    TailOptions tail_options;
    tail_options.source = ring.path;
    tail_options.once = true;
    tail_options.records = UINT64_MAX;
    tail_options.format = format;
    view("tail", tail(tail_options));
  }
  const std::vector<Seen> all = ToolRing::all(ring.open());
  for (const Seen& seen : all) {
    const std::string place = std::to_string(seen.lane) + ":" + std::to_string(seen.position);
    for (const bool json : {false, true}) {
      view("show " + place, show({ring.path, place, json}));
      ExplainOptions explain_options;
      explain_options.source = ring.path;
      explain_options.place = place;
      explain_options.json = json;
      const int code = explain(explain_options);
      if (seen.lane == 0) view("explain " + place, code);
    }
  }
  for (const HistBy by : {HistBy::nothing, HistBy::op, HistBy::stage}) {
    for (const bool heatmap : {false, true}) {
      HistOptions hist_options;
      hist_options.source = ring.path;
      hist_options.by = by;
      hist_options.heatmap = heatmap && by == HistBy::nothing;
      hist_options.json = !heatmap;
      hist_options.once = true;
      view("hist", hist(hist_options));
    }
  }
  for (const bool json : {false, true}) {
    top::TopOptions top_options;
    top_options.session.source = ring.path;
    top_options.once = true;
    top_options.json = json;
    view("top", top::top_command(top_options));
    view("autopsy", autopsy({ring.path, 1000, json}));
    InspectOptions inspect_options;
    inspect_options.json = json;
    inspect_options.names = inspect_options.labels = json;
    view("inspect", inspect(ring.path, inspect_options));
    inspect_options.verify = true;
    inspect(ring.path, inspect_options);  // 1 where it finds a fault
  }
  for (const ExportFormat format :
       {ExportFormat::perfetto, ExportFormat::chrome, ExportFormat::csv, ExportFormat::json}) {
    ExportOptions export_options;
    export_options.source = ring.path;
    export_options.output = ring.directory.file("export");
    export_options.format = format;
    view("export", export_records(export_options));
  }
  return failed;
}

TEST_CASE("Garbage: records of extreme values go through every view") {
  ToolRing ring({4, 512, 64});
  fill(ring);
  REQUIRE(ToolRing::all(ring.open()).size() == 98);
  CHECK(failed_views(ring) == std::vector<std::string>());
  // A dead one is seen from its last record.
  test::crash(*ring.segment);
  CHECK(failed_views(ring) == std::vector<std::string>());
}

TEST_CASE("Garbage: so do clocks that cannot be") {
  for (const std::int64_t anchor : {INT64_MIN, std::int64_t{-1}, INT64_MAX}) {
    for (const ClockKind clock : {ClockKind::monotonic, ClockKind::tsc}) {
      CAPTURE(anchor);
      ToolRing ring({4, 512, 64});
      for (const std::int64_t start : kExtremes)
        ring.write(0, test::operation(kSend, static_cast<std::uint64_t>(start), 1, Outcome::error));
      SegmentHeader& header = ring.segment->header();
      header.clock_kind = static_cast<std::uint32_t>(clock);
      header.ticks_per_second = clock == ClockKind::tsc ? 1 : 1'000'000'000;
      header.anchor_monotonic_ns = anchor;
      header.anchor_ticks = static_cast<std::uint64_t>(anchor);
      // A living server would be looked at for a second.
      test::crash(*ring.segment);
      CHECK(failed_views(ring) == std::vector<std::string>());
    }
  }
}

TEST_CASE("Garbage: the longest window of a recorder is no short one") {
  ToolRing ring;
  const auto ended = [&](std::int64_t at_ns) { ring.write(0, kSend, at_ns, kMs, Outcome::error); };
  ended(0);
  ended(1'000'000 * kMs);
  RecordOptions options;
  options.source = ring.path;
  options.output = ring.directory.file("recording");
  options.on = "failed";
  options.before_ns = options.after_ns = INT64_MAX;
  test::crash(*ring.segment);
  int code = 1;
  {
    const Quiet quiet;
    code = record(options);
  }
  CHECK(code == 0);
  Failure failure;
  const Source source = open_source(options.output, &failure);
  REQUIRE_MESSAGE(source.file != nullptr, failure.message);
  std::vector<Seen> recorded;
  while (source.records->read(recorded, true) == Records::Next::more) {}
  CHECK(recorded.size() == 2);
}

}  // namespace
}  // namespace ringside::tool
