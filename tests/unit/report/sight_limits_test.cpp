// Suggestions about what is not seen, at the limits from which they are made. And the order of
// suggestions.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "report/analysis/analysis.h"
#include "report/model/names.h"
#include "tests/unit/report/sample.h"
#include "tests/unit/report/server.h"

using namespace ringside;
using sample::kHour;
using sample::Server;
using sample::suggestion;

namespace {

LaneView lane_of(const char* ring, std::uint32_t number, std::uint64_t written,
                 std::uint64_t lost) {
  LaneView lane;
  lane.ring = ring;
  lane.lane = number;
  lane.books.written = written;
  lane.books.lost = lost;
  return lane;
}

// What a suggestion says, and how sure it is. None of these is about time.
std::string told(const Snapshot& snapshot, std::string_view part) {
  const Analysis analysis = analyse(snapshot);
  const Suggestion* found = suggestion(analysis, part);
  if (found == nullptr) return "none";
  CHECK(found->gain_share == 0);
  return found->evidence + " " + found->gain + " " + confidence_name(found->confidence) + ": " +
         found->why;
}

}  // namespace

TEST_CASE("SightLimits: of the lanes the one that lost most is named, the first of several") {
  Server server;
  server.operation("SEND", 999, 1, {{"a", 0.25}, {"b", 0.25}, {"c", 0.25}});
  server.snapshot.rings[0].losses.while_observed[kHour] = 1;
  const std::string lost = "1 of 1,000 records of the last hour were overwritten unread";
  const std::string rest = ". 0.10 % of the records would be seen again. high: counted";
  CHECK(told(server.snapshot, "greater capacity") == lost + rest);
  // A lane that lost nothing, and one of another ring, are not named.
  server.snapshot.lanes = {lane_of("chat", 1, 50, 0), lane_of("other", 2, 50, 90)};
  CHECK(told(server.snapshot, "greater capacity") == lost + rest);
  server.snapshot.lanes.push_back(lane_of("chat", 3, 50, 1));
  CHECK(told(server.snapshot, "greater capacity") ==
        lost + "; since start most (1) in lane 3 of chat" + rest);
  server.snapshot.lanes.push_back(lane_of("chat", 4, 50, 7));
  server.snapshot.lanes.push_back(lane_of("chat", 5, 50, 7));
  server.snapshot.lanes.push_back(lane_of("chat", 6, 50, 6));
  CHECK(told(server.snapshot, "greater capacity") ==
        lost + "; since start most (7) in lane 4 of chat" + rest);
  server.snapshot.lanes.back().books.lost = 8;
  server.snapshot.lanes.back().overflow = true;
  CHECK(told(server.snapshot, "greater capacity") ==
        lost + "; since start most (8) in the overflow lane of chat" + rest);
  ++server.snapshot.operations[0].windows[kHour].recorded;
  CHECK(told(server.snapshot, "greater capacity") == "none");
}

TEST_CASE("SightLimits: lanes are too few when one record in a hundred takes the overflow lane") {
  Server server;
  server.snapshot.lanes = {lane_of("chat", 1, 60, 0), lane_of("other", 1, 5000, 0),
                           lane_of("chat", 2, 39, 0), lane_of("chat", 64, 1, 0)};
  CHECK(told(server.snapshot, "more lanes") == "none");
  server.snapshot.lanes[3].overflow = true;
  CHECK(told(server.snapshot, "more lanes") ==
        "1 of 100 records of chat went through the shared overflow lane. These records become as "
        "cheap as the others; no operation gets faster by more than that. high: counted");
  ++server.snapshot.lanes[0].books.written;
  CHECK(told(server.snapshot, "more lanes") == "none");
  server.snapshot.lanes[2].overflow = true;
  CHECK(told(server.snapshot, "more lanes").starts_with("40 of 101 records of chat went"));
}

TEST_CASE(
    "SightLimits: stages are too few from a hundred operations and three tenths of the time on") {
  for (const auto& [count, marked, made] :
       {std::tuple(100U, 7U, true), std::tuple(99U, 7U, false), std::tuple(100U, 8U, false)}) {
    Server server;
    server.operation("SEND", count, 1, {{"a", 0.1}, {"b", 0.1}});
    WindowStats& stats = server.snapshot.operations[0].windows[kHour];
    stats.sum_ns = 10;
    stats.stages[0].sum_ns = 2;
    stats.stages[1].sum_ns = marked - 2;
    CAPTURE(count);
    CAPTURE(marked);
    CHECK(told(server.snapshot, "Mark more stages") ==
          (made ? "30 % of the time of all operations lies in no stage. None by itself: it shows "
                  "where that time goes. high: measured"
                : "none"));
  }
}

TEST_CASE("SightLimits: suggestions of the same gain and confidence keep their order") {
  Server server;
  server.operation("SEND", 10'000, 1, {{"a", 0.25}, {"b", 0.25}, {"c", 0.25}});
  server.snapshot.rings.clear();
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "ring " + std::to_string(i);
    RingView& ring = server.snapshot.rings.emplace_back();
    ring.name = name;
    server.snapshot.lanes.push_back(lane_of(name.c_str(), 64, 100 + static_cast<unsigned>(i), 0));
    server.snapshot.lanes.back().overflow = true;
    expected += std::to_string(100 + i) + " ";
  }
  std::string found;
  for (const Suggestion& one : server.analysed().suggestions)
    found += one.evidence.substr(0, one.evidence.find(' ')) + " ";
  CHECK(found == expected);
}
