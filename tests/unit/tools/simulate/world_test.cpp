// The world itself: the same seed is the same world, and a slow server slows its own traffic.
#include <doctest/doctest.h>

#include <sstream>

#include "report/analysis/analysis.h"
#include "report/render/json.h"
#include "tests/unit/tools/simulate/watched.h"
#include "tools/simulate/output.h"
#include "tools/simulate/run.h"

using namespace ringside;
using namespace ringside::simulate;
using namespace ringside::simulate::test;

namespace {

std::string bytes_of(const Scenario& scenario, Ns at) {
  Watched watched(scenario);
  return render_json(Report(watched.at(at)));
}

}  // namespace

TEST_CASE("SimulatedWorld: the same seed gives the same bytes, another seed gives others") {
  const ScenarioKind* kind = scenario_kind("retry_storm");
  REQUIRE(kind != nullptr);
  const std::string once = bytes_of(kind->make(4, 1), 23 * kMinuteNs);
  CHECK(once == bytes_of(kind->make(4, 1), 23 * kMinuteNs));
  CHECK(once != bytes_of(kind->make(6, 1), 23 * kMinuteNs));
  CHECK(trace(kind->make(4, 1), Config{}) == trace(kind->make(4, 1), Config{}));
}

TEST_CASE("SimulatedWorld: a corpus on two threads gives the scores of one") {
  Corpus corpus;
  corpus.only = {"locked_briefly", "guessing_fast"};
  corpus.seeds = 2;
  const auto scores_of = [&](unsigned jobs) {
    CorpusReport report = run_corpus(corpus, Config{}, jobs);
    report.cost = {};
    return to_json(corpus, report);
  };
  CHECK(scores_of(1) == scores_of(2));
}

TEST_CASE("SimulatedWorld: clients wait for their answers, so a slow server slows its traffic") {
  Effect slow = effect(Do::slow_stage, 5 * kMinuteNs, 12 * kMinuteNs, 20'000);
  slow.stage = Stage::delivery;
  Watched watched(steady({slow}));
  const std::uint64_t before = calls_in_minute(watched.at(5 * kMinuteNs));
  const std::uint64_t during = calls_in_minute(watched.at(9 * kMinuteNs));
  const std::uint64_t after = calls_in_minute(watched.at(18 * kMinuteNs));
  CHECK(before > 1500);
  // A client thinks for 8 s and then waits for 20 s.
  CHECK(during < before * 6 / 10);
  CHECK(after > before * 7 / 10);
}

TEST_CASE("SimulatedWorld: night and weekend are quiet, noon is busy") {
  const Habits habits;
  const Ns monday = kMondayWall;
  const auto at = [&](int day, double hour) {
    return activity_at(habits, monday + day * kDayNs + ns_of(hour * 3600));
  };
  CHECK(at(0, 4) < 0.05);
  CHECK(at(0, 16) > 0.9);
  CHECK(at(0, 12.25) > 1.3 * at(0, 11));
  CHECK(at(5, 16) == doctest::Approx(habits.weekend_share * at(1, 16)));
}

TEST_CASE("SimulatedWorld: books balance, and the server's totals are what was read") {
  Watched watched(steady({effect(Do::lose, 2 * kMinuteNs, 4 * kMinuteNs, 0.5),
                          effect(Do::kill, 5 * kMinuteNs, 6 * kMinuteNs)}));
  const Snapshot& end = watched.at(10 * kMinuteNs);
  CHECK(end.books.balance());
  CHECK(end.books.lost > 1000);
  CHECK(end.rings.at(0).instances_seen == 2);
  CHECK(end.rings.at(0).crashes_seen == 1);
  for (const SeriesView& operation : end.operations) {
    const WindowStats& all = operation.window(Window::since_start);
    CHECK(operation.server_count == all.count() + operation.books.lost);
  }
}

TEST_CASE("SimulatedWorld: a daemon that is restarted goes on counting, and misses nothing") {
  const auto counts = [](Effects effects) {
    Watched watched(steady(std::move(effects)));
    std::ostringstream out;
    for (const Ns at : {3 * kMinuteNs + 15 * kSecondNs, 10 * kMinuteNs}) {
      for (const SeriesView& operation : watched.at(at).operations)
        out << operation.name << ' ' << operation.window(Window::since_start).count() << ' '
            << operation.window(Window::minute).count() << '\n';
    }
    return out.str();
  };
  const std::string without = counts({effect(Do::step_clock, 3 * kMinuteNs, 3 * kMinuteNs, 0)});
  const std::string with =
      counts({effect(Do::restart_daemon, 3 * kMinuteNs, 3 * kMinuteNs + 7 * kSecondNs)});
  CHECK(without == with);
}

TEST_CASE("SimulatedWorld: when half of the clients are cut off, the others do not ask more") {
  Watched watched(steady({effect(Do::gone, 5 * kMinuteNs, 12 * kMinuteNs, 0.5)}));
  const auto before = static_cast<double>(calls_in_minute(watched.at(5 * kMinuteNs)));
  const auto during = static_cast<double>(calls_in_minute(watched.at(8 * kMinuteNs)));
  const auto after = static_cast<double>(calls_in_minute(watched.at(16 * kMinuteNs)));
  CHECK(during > before * 0.3);
  CHECK(during < before * 0.7);
  CHECK(after > before * 0.75);
}

TEST_CASE("SimulatedWorld: an address that guesses is blocked after ten failures") {
  const Ns from = 5 * kMinuteNs;
  Watched watched(steady({effect(Do::guess, from, from + 50 * kSecondNs, 5, 1)}));
  const Snapshot& snapshot = watched.at(from + 50 * kSecondNs);
  CHECK(minute_of(snapshot, Event::IP_BLOCK).count() == 1);
  CHECK(minute_of(snapshot, Event::THREAT_PATTERN).count() == 1);
  CHECK(minute_of(snapshot, Event::BLOCKED_ATTEMPT).count() > 150);
  REQUIRE(snapshot.blocks.size() == 1);
  CHECK(snapshot.blocks[0].attempts_before == 10);
}

TEST_CASE("SimulatedWorld: one in ten is timed, and all are counted") {
  Watched watched(steady({effect(Do::sample, 3 * kMinuteNs, 10 * kMinuteNs, 0, 10)}));
  const WindowStats minute = minute_of(watched.at(8 * kMinuteNs), Op::SEND_MESSAGE);
  CHECK(minute.count() > 500);
  CHECK(minute.timed < minute.count() / 5);
  CHECK(minute.timed > minute.count() / 20);
}

TEST_CASE("SimulatedWorld: a quiet server has three operations a minute") {
  Watched watched(scenario_kind("quiet")->make(2, 0.1));
  const Snapshot& snapshot = watched.at(2 * kHourNs);
  std::uint64_t calls = 0;
  for (const SeriesView& operation : snapshot.operations)
    calls += operation.window(Window::hour).count();
  CHECK(calls > 60);
  CHECK(calls < 400);
}

TEST_CASE("SimulatedWorld: an eventful day has three troubles, apart from each other") {
  const Scenario days = scenario_kind("eventful")->make(2, 4);
  CHECK(days.incidents.size() >= 12);
  for (const Incident& incident : days.incidents) {
    CHECK(scenario_kind(incident.kind)->part == Part::trouble);
    CHECK(incident.until < days.length);
    for (const Incident& other : days.incidents) {
      if (other.kind == incident.kind || other.kind == "two_at_once") continue;
      CHECK((other.from > incident.until + kHourNs || other.until < incident.from - kHourNs));
    }
  }
}

TEST_CASE("SimulatedWorld: a run of days tells what the daemon holds at the end of each") {
  Corpus corpus;
  corpus.only = {"quiet"};
  corpus.seeds = 1;
  corpus.days = 2.1;
  Config config;
  config.tick_ns = kMinuteNs;
  const CorpusReport report = run_corpus(corpus, config, 1);
  REQUIRE(report.growths.size() == 1);
  REQUIRE(report.growths[0].days.size() == 2);
  CHECK(report.growths[0].days[1].metrics_bytes > 100'000);
  CHECK(report.growths[0].days[1].state_bytes > 10'000);
  CHECK(tables(corpus, report).find("What the daemon holds") != std::string::npos);
}
