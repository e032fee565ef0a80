// How the spans of a thread are laid out on tracks, and records on a line of time.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/random.h"
#include "tests/support/ring.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tools/ringside/export/timeline.h"

namespace ringside::tool {
namespace {

Span span(std::int64_t begin_ns, std::int64_t end_ns,
          const std::vector<std::int64_t>& stage_ends = {}) {
  Span out;
  out.begin_ns = begin_ns;
  out.end_ns = end_ns;
  for (const std::int64_t end : stage_ends) {
    out.stage[out.stages] = out.stages;
    out.stage_end_ns[out.stages++] = end;
  }
  return out;
}

std::vector<TrackMark> laid_out(std::vector<Span> spans) {
  std::stable_sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
    return a.begin_ns != b.begin_ns ? a.begin_ns < b.begin_ns : a.end_ns > b.end_ns;
  });
  LaneTracks tracks;
  std::vector<TrackMark> marks;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    spans[i].item = static_cast<std::uint32_t>(i);
    tracks.add(spans[i], marks);
  }
  tracks.finish(marks);
  return marks;
}

// `0:B0 0:s0 0:e4`: the track, what happens, and when.
std::string text_of(const std::vector<TrackMark>& marks) {
  std::string text;
  for (const TrackMark& mark : marks) {
    const char what = mark.mark == Mark::begin         ? 'B'
                      : mark.mark == Mark::stage_begin ? 's'
                      : mark.mark == Mark::end         ? 'e'
                                                       : 'i';
    text += (text.empty() ? "" : " ") + std::to_string(mark.track) + ":" + what +
            std::to_string(mark.ns);
  }
  return text;
}

TEST_CASE("Tracks: spans that follow each other share the first track") {
  CHECK(text_of(laid_out({span(0, 4), span(4, 6), span(8, 9)})) == "0:B0 0:e4 0:B4 0:e6 0:B8 0:e9");
}

TEST_CASE("Tracks: a span inside of another nests, and one that reaches out goes beside it") {
  CHECK(text_of(laid_out({span(0, 10), span(2, 4)})) == "0:B0 0:B2 0:e4 0:e10");
  CHECK(text_of(laid_out({span(0, 10), span(2, 12)})) == "0:B0 1:B2 0:e10 1:e12");
  // What begins after both have ended is on the first track again.
  CHECK(text_of(laid_out({span(0, 10), span(2, 12), span(12, 13)})) ==
        "0:B0 1:B2 0:e10 0:B12 0:e13 1:e12");
}

TEST_CASE("Tracks: stages fill the span, and what lies inside of one nests in it") {
  CHECK(text_of(laid_out({span(0, 10, {4, 8}), span(4, 8)})) ==
        "0:B0 0:s0 0:e4 0:s4 0:B4 0:e8 0:e8 0:e10");
  CHECK(text_of(laid_out({span(0, 10, {4, 8}), span(3, 5)})) ==
        "0:B0 0:s0 1:B3 0:e4 0:s4 0:e8 0:e10 1:e5");
  CHECK(text_of(laid_out({span(0, 10, {4, 8}), span(8, 10)})) ==
        "0:B0 0:s0 0:e4 0:s4 0:e8 0:B8 0:e10 0:e10");
}

TEST_CASE("Tracks: an instant is on the first track, in its place in time") {
  Span instant = span(5, 5);
  instant.instant = true;
  CHECK(text_of(laid_out({span(0, 10, {4}), instant})) == "0:B0 0:s0 0:e4 0:i5 0:e10");
}

TEST_CASE("Tracks: a span without an end gets none, and others nest in it") {
  CHECK(text_of(laid_out({span(1, kUnfinished), span(2, 3), span(5, kUnfinished)})) ==
        "0:B1 0:B2 0:e3 0:B5");
  CHECK(text_of(laid_out({span(0, 4), span(1, kUnfinished), span(5, 6)})) ==
        "0:B0 1:B1 0:e4 0:B5 0:e6");
}

TEST_CASE("Tracks: what finds no track is an instant on the first one") {
  std::vector<Span> spans;
  for (unsigned i = 0; i <= kMostTracks; ++i) spans.push_back(span(i, 1000 + i));
  const auto marks = laid_out(spans);
  CHECK(std::count_if(marks.begin(), marks.end(), [](const TrackMark& mark) {
          return mark.mark == Mark::begin;
        }) == kMostTracks);
  const auto instant = std::find_if(
      marks.begin(), marks.end(), [](const TrackMark& mark) { return mark.mark == Mark::instant; });
  REQUIRE(instant != marks.end());
  CHECK(instant->ns == kMostTracks);
  CHECK(instant->track == 0);
}

// An oracle that knows nothing of how spans are placed: it replays the marks of each track.
void check_marks(const std::vector<Span>& spans, const std::vector<TrackMark>& marks) {
  struct Slice {
    std::uint32_t item;
    bool stage;
    std::int64_t begin_ns, end_ns;
  };
  std::map<std::uint32_t, std::vector<Slice>> open;
  std::map<std::uint32_t, std::int64_t> last_ns;
  std::map<std::uint32_t, int> begun, ended, stages;
  for (const TrackMark& mark : marks) {
    auto& stack = open[mark.track];
    REQUIRE(mark.ns >= last_ns[mark.track]);
    last_ns[mark.track] = mark.ns;
    const Span& of = spans[mark.item];
    if (mark.mark == Mark::instant) {
      REQUIRE(mark.ns == of.begin_ns);
      ++begun[mark.item];
      ++ended[mark.item];
      continue;
    }
    if (mark.mark == Mark::end) {
      REQUIRE_FALSE(stack.empty());
      REQUIRE(stack.back().item == mark.item);
      REQUIRE(stack.back().end_ns == mark.ns);
      if (!stack.back().stage) ++ended[mark.item];
      stack.pop_back();
      continue;
    }
    Slice slice{mark.item, mark.mark == Mark::stage_begin, mark.ns, of.end_ns};
    if (slice.stage) {
      REQUIRE_FALSE(stack.empty());
      REQUIRE(stack.back().item == mark.item);
      REQUIRE_FALSE(stack.back().stage);
      REQUIRE(mark.stage == stages[mark.item]);
      slice.end_ns = of.stage_end_ns[static_cast<std::size_t>(stages[mark.item]++)];
    } else {
      REQUIRE(mark.ns == of.begin_ns);
      ++begun[mark.item];
    }
    if (!stack.empty()) REQUIRE(slice.end_ns <= stack.back().end_ns);
    stack.push_back(slice);
  }
  for (const auto& [track, stack] : open)
    for (const Slice& slice : stack) REQUIRE(slice.end_ns == kUnfinished);
  for (std::uint32_t i = 0; i < spans.size(); ++i) {
    REQUIRE(begun[i] == 1);
    REQUIRE(ended[i] == (spans[i].end_ns == kUnfinished ? 0 : 1));
    if (!spans[i].instant) REQUIRE(stages[i] == spans[i].stages);
  }
}

TEST_CASE("Tracks: random spans always nest, each is there once, and its stages with it") {
  std::mt19937_64 random(test::seed());
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<Span> spans;
    // Short lines of time, so that begins and ends often fall together. At most kMostTracks spans:
    // each finds a track.
    const std::int64_t line = 5 + below(60);
    for (std::int64_t i = 0; i < 1 + below(kMostTracks); ++i) {
      const std::int64_t begin = below(line);
      std::int64_t end = begin + below(line / 2);
      if (below(40) == 0) end = kUnfinished;
      std::vector<std::int64_t> stages;
      if (end != kUnfinished) {
        for (std::int64_t n = below(5), at = begin; n > 0; --n) {
          at = std::min(end, at + 1 + below(5));
          stages.push_back(at);
        }
      }
      spans.push_back(span(begin, end, stages));
      if (below(8) == 0) {
        spans.back() = span(begin, begin);
        spans.back().instant = true;
      }
    }
    std::stable_sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
      return a.begin_ns != b.begin_ns ? a.begin_ns < b.begin_ns : a.end_ns > b.end_ns;
    });
    CAPTURE(round);
    check_marks(spans, laid_out(spans));
  }
}

// A ring whose ticks are nanoseconds.
struct Ring {
  Ring() {
    segment = test::make_ring(path, {4, 64, 64});
    test::use_nanoseconds(*segment, clock_ns(CLOCK_MONOTONIC));
    Failure failure;
    file = RingFile::open(path, &failure);
    REQUIRE_MESSAGE(file != nullptr, failure.message);
    now = static_cast<std::int64_t>(file->now_ticks());
  }
  Seen seen(std::uint32_t lane, std::int64_t begin, std::int64_t duration, std::uint64_t actor = 1,
            std::uint64_t subject = 7) const {
    Seen one;
    one.lane = lane;
    one.record = test::operation(3, static_cast<std::uint64_t>(now + begin), duration);
    one.record.flags =
        static_cast<std::uint16_t>(static_cast<unsigned>(ActorKind::user) |
                                   static_cast<unsigned>(SubjectKind::room) << kFlagSubjectShift);
    one.record.actor = actor;
    one.record.subject = subject;
    return one;
  }

  const test::TempDir directory;
  const std::string path = directory.file("ring");
  std::unique_ptr<Segment> segment;
  std::unique_ptr<RingFile> file;
  std::int64_t now = 0;
};

TEST_CASE(
    "Timeline: the next call of a user on a room on another thread is a flow, if it is soon") {
  const Ring ring;
  struct Row {
    const char* what;
    Seen next;
    std::uint32_t flows;
  };
  constexpr std::int64_t kMillisecond = 1'000'000;
  const Row rows[] = {
      {"soon", ring.seen(1, 10 * kMillisecond, kMillisecond), 1},
      {"at its end", ring.seen(1, 5 * kMillisecond, kMillisecond), 1},
      {"at the limit", ring.seen(1, 5 * kMillisecond + kFlowNs, kMillisecond), 1},
      {"too late", ring.seen(1, 5 * kMillisecond + kFlowNs + 1, kMillisecond), 0},
      {"before its end", ring.seen(1, 4 * kMillisecond, kMillisecond), 0},
      {"the same thread", ring.seen(0, 10 * kMillisecond, kMillisecond), 0},
      {"another user", ring.seen(1, 10 * kMillisecond, kMillisecond, 2), 0},
      {"another room", ring.seen(1, 10 * kMillisecond, kMillisecond, 1, 8), 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const Timeline timeline(*ring.file, {row.next, ring.seen(0, 0, 5 * kMillisecond)}, {});
    CHECK(timeline.flows() == row.flows);
    CHECK(timeline.items()[0].flow_out == row.flows);
    CHECK(timeline.items()[1].flow_in == row.flows);
  }
}

TEST_CASE("Timeline: stages end inside of their operation, and what has no span is an instant") {
  const Ring ring;
  Seen staged = ring.seen(0, 0, 1000);
  staged.record.flags |= kFlagStages;
  staged.record.set_stage(1, pack_stage_ticks(600));
  staged.record.set_stage(4, pack_stage_ticks(700));
  Seen untimed = ring.seen(0, 5000, 0);
  untimed.record.flags |= kFlagUntimed;
  const Seen stepped_back = ring.seen(0, 6000, -5);
  const Seen quick = ring.seen(0, 7000, 0);
  const Timeline timeline(*ring.file, {staged, untimed, stepped_back, quick}, {});
  std::vector<TrackMark> all;
  timeline.play([&](std::uint32_t lane, const std::vector<TrackMark>& marks) {
    CHECK(lane == 0);
    all.insert(all.end(), marks.begin(), marks.end());
    return true;
  });
  for (TrackMark& mark : all) mark.ns -= ring.now;
  CHECK(text_of(all) == "0:B0 0:s0 0:e600 0:s600 0:e1000 0:e1000 0:i5000 0:i6000 0:B7000 0:e7000");
  CHECK(all[1].end_ns - ring.now == 600);
  CHECK(all[3].end_ns - ring.now == 1000);
}

TEST_CASE("Timeline: garbage times neither overflow nor end the trace") {
  const Ring ring;
  std::vector<Seen> records;
  for (const std::uint64_t start :
       {std::uint64_t{0}, UINT64_MAX, UINT64_MAX / 2, UINT64_MAX / 2 + 1})
    for (const std::int64_t duration : {INT64_MIN, INT64_MAX, std::int64_t{1}}) {
      Seen seen = ring.seen(0, 0, duration);
      seen.record.start = start;
      seen.record.flags |= kFlagStages;
      for (std::size_t i = 0; i < kStageCount; ++i) seen.record.set_stage(i, kStageMask);
      records.push_back(seen);
    }
  const Timeline timeline(*ring.file, records, {});
  std::size_t begun = 0;
  std::map<std::uint32_t, std::int64_t> last_ns;
  timeline.play([&](std::uint32_t, const std::vector<TrackMark>& marks) {
    for (const TrackMark& mark : marks) {
      CHECK(mark.ns >= last_ns[mark.track]);
      last_ns[mark.track] = mark.ns;
      begun += mark.mark == Mark::begin || mark.mark == Mark::instant ? 1U : 0U;
    }
    return true;
  });
  CHECK(begun == records.size());
}

}  // namespace
}  // namespace ringside::tool
