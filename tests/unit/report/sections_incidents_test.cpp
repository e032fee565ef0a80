// Incidents, alerts, regressions and what was before, at their edges.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/report/given.h"
#include "tests/unit/report/night.h"
#include "tests/unit/report/written.h"

using namespace ringside;
using namespace sample;

TEST_CASE("Edges: alerts with one transition more than are shown, one forgotten, one of today") {
  Given given;
  Snapshot& snapshot = given.snapshot;
  given.limits.transitions = 2;
  const std::string heading = "heading | INCIDENTS AND ALERTS\n";
  CHECK(written_by(given, detail::write_incidents) ==
        heading + "sentence | No alert has been raised.\n");
  AlertTransition transition;
  transition.id = "e1";
  transition.wall_ns = snapshot.wall_ns - 86'400 * sample::kSecond;
  transition.level = AlertLevel::warning;
  transition.state = AlertState::firing;
  transition.value = 3;
  transition.threshold = 2;
  transition.message = "slow";
  snapshot.transitions = {transition};
  const std::string first =
      "timeline | 2024-11-22 10:15:55 | warning | firing | high_latency | server | \n";
  const std::string none_active = heading + "sentence | No alert is active now.\n";
  CHECK(written_by(given, detail::write_incidents) ==
        none_active + "subheading | Transitions of alerts\n" + first);
  snapshot.transitions_forgotten = 1;
  CHECK(written_by(given, detail::write_incidents) ==
        none_active + "subheading | The latest 1 of 2 transitions of alerts\n" + first);
  snapshot.transitions_forgotten = 0;
  transition.wall_ns = snapshot.wall_ns;
  transition.operation = "SEND";
  transition.message.clear();
  snapshot.transitions.insert(snapshot.transitions.end(), 2, transition);
  snapshot.transitions[0].message = "not shown";
  snapshot.transitions[2].state = AlertState::resolved;
  CHECK(written_by(given, detail::write_incidents) ==
        none_active +
            "subheading | The latest 2 of 3 transitions of alerts\n"
            "timeline | 10:15:55 | warning | firing | high_latency | SEND |  | 10:15:55 | "
            "warning | resolved | high_latency | SEND | \n");
  snapshot.transitions.clear();
  snapshot.alerts = {{transition, snapshot.wall_ns}, {transition, snapshot.wall_ns - 1}};
  snapshot.alerts[1].since_wall_ns = snapshot.wall_ns - 120 * sample::kSecond;
  CHECK(written_by(given, detail::write_incidents) ==
        heading +
            "table | active | level | state | about | value | threshold | for | episode | "
            "high_latency | warning | firing | SEND | 3.00 ms | 2.00 ms | 0 ns | e1 | "
            "high_latency | warning | firing | SEND | 3.00 ms | 2.00 ms | 2 min 00 s | e1\n");
  // A fact has no threshold to show. What else is to be known of an alert stands beside its state.
  snapshot.alerts.resize(1);
  snapshot.alerts[0].last.unit = AlertUnit::open;
  snapshot.alerts[0].flags = {true, true, true, true, true};
  CHECK(written_by(given, detail::write_incidents) ==
        heading +
            "table | active | level | state | about | value | threshold | for | episode | "
            "high_latency | warning | firing, acknowledged, silenced, inhibited, flapping, stale | "
            "SEND | open | – | 0 ns | e1\n");
}

TEST_CASE("Edges: a story is told with its facts and as much evidence as is wanted") {
  Given given;
  given.limits.stories = 1;
  given.limits.evidence = 1;
  Story story;
  story.incident.id = "i1";
  story.incident.began_wall_ns = given.snapshot.wall_ns - 2 * sample::kSecond;
  story.what = "It happened.";
  story.whom = "It touched.";
  story.next = "Do this.";
  story.evidence = {{given.snapshot.wall_ns, "first"}};
  given.analysis.stories = {story};
  const std::string told =
      "heading | INCIDENTS AND ALERTS\n"
      "numbered | 1 | It happened. | touched | It touched. | next | Do this. | incident | ";
  const std::string end =
      "timeline | 10:15:55 | first\n"
      "sentence | No alert is active now.\n";
  CHECK(written_by(given, detail::write_incidents) ==
        told + "i1 · peak info · has lasted 2.00 s · cause high_latency server · 0 symptoms\n" +
            end);
  story.incident.ended_wall_ns = given.snapshot.wall_ns - sample::kSecond;
  story.incident.acknowledged = story.incident.silenced = true;
  story.incident.acknowledged_by = "ada: on it";
  given.analysis.stories = {story};
  CHECK(written_by(given, detail::write_incidents) ==
        told +
            "i1 · peak info · lasted 1.00 s · cause high_latency server · 0 symptoms · silenced · "
            "acknowledged by ada: on it\n" +
            end);
  // What is not shown is counted, and the other incidents have a line each.
  story.evidence.push_back({given.snapshot.wall_ns, "second"});
  given.analysis.stories = {story, story};
  CHECK(has(written_by(given, detail::write_incidents),
            "timeline | 10:15:55 | first\n"
            "sentence | … and 1 more, in the JSON report.\n"
            "subheading | More incidents\n"
            "bullet | It happened. It touched. (i1)\n"));
  given.analysis.stories.assign(given.limits.stories + given.limits.more + 1, story);
  CHECK(has(written_by(given, detail::write_incidents),
            "bullet | It happened. It touched. (i1)\n"
            "sentence | … and 1 more, in the JSON report.\n"
            "sentence | No alert is active now.\n"));
}

TEST_CASE("Edges: regressions that were found, and shifts of the mix") {
  Snapshot snapshot = sample::busy();
  snapshot.regressions = {
      {"chat", "SEND_MESSAGE", "database", 31, true, "from 1 to 2 ms"},
      {"chat", "JOIN_ROOM", "", 12, false, "from 3 to 4 ms"},
      {"chat", "READ", "", 25, false, "from 4 to 5 ms", RegressionView::Kind::slower, 0,
       RegressionView::Ending::usual_now},
      {"chat", "EDIT", "", 50, false, "from 5 to 7.5 ms", RegressionView::Kind::slower, 0,
       RegressionView::Ending::not_seen},
      {"chat", "", "", 40, true, "mix of operations", RegressionView::Kind::mix_shift}};
  const Written w(snapshot);
  check_rows(w.page.tables("operation|stage|change|it|from what to what").at(0),
             {{"SEND_MESSAGE", "database", "31 % slower", "lasts", "from 1 to 2 ms"},
              {"JOIN_ROOM", "–", "12 % slower", "went away", "from 3 to 4 ms"},
              {"READ", "–", "25 % slower", "is usual now", "from 4 to 5 ms"},
              {"EDIT", "–", "50 % slower", "not seen any more", "from 5 to 7.5 ms"},
              {"all together", "–", "another mix", "lasts", "mix of operations"}});
}

TEST_CASE("Edges: trends over a night are a dozen steps, and count every call of it") {
  const HistorySpan& night = sample::night();
  RecordingPage page;
  write_document(page, Report(sample::busy(), &night), {});
  const auto rows = page.tables("from|calls|rate|failed %|p50|p95|p99|max").at(0);
  CHECK(rows.size() == 12);
  CHECK(rows.front().front() == "2024-11-23T02:16Z");
  std::uint64_t calls = 0, shown = 0;
  for (const HistorySeries& series : night.series) {
    for (const HistorySlot& slot : series.slots) calls += series.event ? 0 : slot.count();
  }
  for (const Row& row : rows) {
    std::string figure = row[1];
    std::erase(figure, ',');
    shown += std::stoull(figure);
  }
  CHECK(shown == calls);
  const HistorySpan empty;
  RecordingPage other;
  write_document(other, Report(sample::busy(), &empty), {});
  CHECK(other.section("TRENDS").at(0).texts.at(0) == "The history beside this report is empty.");
}
