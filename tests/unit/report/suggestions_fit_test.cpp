// Suggestions about thresholds that do not fit, an operation to limit, and sources to block.
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>

#include "report/analysis/advice_figures.h"
#include "report/analysis/analysis.h"
#include "report/model/buckets.h"
#include "tests/unit/report/server.h"

using namespace ringside;
using sample::mentions;
using sample::Server;

namespace {

// The suggestion of that text.
std::optional<Suggestion> said(const Analysis& analysis, std::string_view part) {
  const Suggestion* found = sample::suggestion(analysis, part);
  return found != nullptr ? std::optional(*found) : std::nullopt;
}

constexpr std::int64_t kDaysBegin = 1'772'409'600;

// So many hours of an operation, whose calls took `slow_ms` in the first `slow` of them, else
// `ms`.
HistorySpan hours(const char* name, int known, int slow, double slow_ms, double ms) {
  HistorySpan span;
  span.begin_wall_s = kDaysBegin;
  span.end_wall_s = kDaysBegin + std::max(known, 24) * 3600;
  HistorySeries& series = span.series.emplace_back();
  series.ring = "chat";
  series.name = name;
  for (int hour = 0; hour < known; ++hour) {
    HistorySlot& slot = series.slots.emplace_back();
    slot.begin_wall_s = kDaysBegin + hour * 3600;
    slot.seconds = 3600;
    slot.recorded = slot.timed = 1000;
    const double took = hour < slow ? slow_ms : ms;
    slot.min_ns = slot.max_ns = static_cast<std::uint64_t>(took * 1e6);
    slot.sum_ns = 1000 * slot.min_ns;
    slot.latency.buckets = {{Server::bucket(took), 1000}};
  }
  return span;
}

// Failed logins of an address.
FailedLogins source(std::uint64_t id, std::uint64_t hour, std::uint64_t accounts) {
  FailedLogins from;
  from.ring = "chat";
  from.party = {PartyKind::address, id};
  from.hour = hour;
  from.others = accounts;
  from.since_wall_ns = 1000;
  return from;
}

}  // namespace

TEST_CASE("SuggestionFit: a threshold that is over four hours in five is too tight") {
  Server server;
  server.operation("SEARCH", 1000, 300);
  server.snapshot.thresholds.operations["SEARCH"] = {200'000'000, -1};
  const auto fits = [&](int known, int slow) {
    const HistorySpan days = hours("SEARCH", known, slow, 300, 100);
    const Analysis analysis = analyse(server.snapshot, &days);
    const auto found = said(analysis, "Raise the threshold of SEARCH");
    if (found) {
      CHECK(found->key == AdviceKey{AdviceKind::tight, "chat", "SEARCH"});
      CHECK(found->figure == 1);
      CHECK(mentions(found->what, "to 450 ms, or make it faster."));
      CHECK(mentions(found->evidence, "over 200 ms in 24 of 30 hours"));
      CHECK(found->confidence == Confidence::medium);
    }
    return found.has_value();
  };
  CHECK(fits(30, 24));
  CHECK_FALSE(fits(30, 23));
  CHECK_FALSE(fits(23, 23));
  // What is below it now needs no advice.
  server.snapshot.thresholds.operations["SEARCH"] = {400'000'000, -1};
  CHECK_FALSE(fits(30, 24));
  CHECK(doubtful_thresholds(server.snapshot).empty());
  CHECK_FALSE(said(analyse(server.snapshot), "threshold"));
}

TEST_CASE("SuggestionFit: a threshold of one's own, twenty times the worst hour's p99, is loose") {
  Server server;
  server.operation("SEARCH", 1000, 10);
  const HistorySpan days = hours("SEARCH", 30, 1, 20, 10);
  const auto fits = [&](std::int64_t threshold_ms) {
    server.snapshot.thresholds.operations["SEARCH"] = {threshold_ms * 1'000'000, -1};
    const Analysis analysis = analyse(server.snapshot, &days);
    const auto found = said(analysis, "Lower the threshold of SEARCH");
    if (found) {
      CHECK(found->key.kind == AdviceKind::loose);
      CHECK(found->figure >= 20);
      CHECK(found->what == "Lower the threshold of SEARCH to 60.0 ms.");
    }
    return found.has_value();
  };
  CHECK(fits(410));
  CHECK_FALSE(fits(390));
  CHECK(doubtful_thresholds(server.snapshot).size() == 1);  // its hours may be quicker than ever
  // The one for all, and those that come with the program, nobody chose for it.
  server.snapshot.thresholds.operations.clear();
  server.snapshot.thresholds.response_ns = 1'000'000'000;
  CHECK_FALSE(said(analyse(server.snapshot, &days), "threshold"));
  server.snapshot.operations[0].declared.response_ns = 900'000'000;
  const Analysis declared = analyse(server.snapshot, &days);
  CHECK(said(declared, "Lower the threshold of SEARCH"));
  Server shipped;
  shipped.operation("SEND_MESSAGE", 1000, 1);
  const HistorySpan quick = hours("SEND_MESSAGE", 30, 0, 1, 1);
  CHECK_FALSE(said(analyse(shipped.snapshot, &quick), "threshold"));
}

TEST_CASE("SuggestionFit: an operation is to be limited when one party makes most of its calls") {
  const auto analysed = [](std::size_t by_one, std::size_t of, std::uint64_t limited, bool most) {
    Server server;
    server.operation("SEND", 8000, 1, {{"database", 0.2}});
    SeriesView& search = server.operation("SEARCH", 2000, 3, {{"database", 0.2}});
    for (std::size_t i = 0; i < of; ++i) {
      RecordView record;
      record.actor = {PartyKind::user, i < by_one ? 7 : 100 + i};
      search.last.push_back(record);
    }
    for (WindowStats& stats : search.windows)
      stats.outcomes[static_cast<std::size_t>(RecordOutcome::limited)] = limited;
    TopEntry top;
    top.ring = "chat";
    top.party = {PartyKind::user, most ? 7U : 8U};
    server.snapshot.actors_by_time.push_back(top);
    return server.analysed();
  };
  const Analysis analysis = analysed(50, 100, 0, true);
  const auto found = said(analysis, "Limit how often one party may call SEARCH");
  REQUIRE(found);
  CHECK(found->figure == doctest::Approx(0.5));
  CHECK(mentions(found->evidence, "made 50 of its last 100 calls."));
  CHECK(mentions(found->evidence, "none of its 2,000 calls were refused for their rate"));
  CHECK(found->gain_share == doctest::Approx(0.5 * 6 / 14));
  CHECK(found->confidence == Confidence::medium);
  CHECK(said(analysed(50, 100, 0, false), "Limit how")->confidence == Confidence::low);
  CHECK_FALSE(said(analysed(49, 100, 0, true), "Limit how"));
  CHECK_FALSE(said(analysed(49, 49, 0, true), "Limit how"));
  CHECK_FALSE(said(analysed(50, 100, 20, true), "Limit how"));  // a limit is at work
}

TEST_CASE("SuggestionFit: addresses with a failed login a minute that nobody blocked") {
  Server server;
  server.operation("SEND", 1000, 1, {{"database", 0.2}});
  const auto found = [&] { return said(server.analysed(), "with many failed logins"); };
  server.snapshot.failed_by_address = {source(1, 59, 9)};
  CHECK_FALSE(found());
  server.snapshot.failed_by_address = {source(1, 300, 9), source(2, 60, 1)};
  const Analysis analysis = server.analysed();
  const auto both = said(analysis, "Block the addresses with many failed logins");
  REQUIRE(both);
  CHECK(both->figure == 360);
  CHECK(mentions(both->evidence, "(300 for 9 accounts)"));
  CHECK(mentions(both->evidence, "(60 for 1 account). The server has not blocked them."));
  CHECK(both->confidence == Confidence::high);
  // Blocked since, and turned away.
  BlockView block;
  block.ring = "chat";
  block.address = {PartyKind::address, 1};
  block.blocked_wall_ns = 2000;
  block.turned_away = 50;
  server.snapshot.blocks = {block};
  const Analysis one = server.analysed();
  REQUIRE(said(one, "Block the address with many"));
  CHECK(said(one, "Block the address with many")->figure == 60);
  CHECK(said(one, "Block the address with many")->confidence == Confidence::medium);
  // Blocked before it began anew, or in vain.
  server.snapshot.blocks[0].blocked_wall_ns = 500;
  CHECK(found()->evidence.find("(300 for") != std::string::npos);
  server.snapshot.blocks[0].blocked_wall_ns = 2000;
  server.snapshot.blocks[0].got_through = 51;
  CHECK(said(server.analysed(), "Block the addresses"));
}
