// The sections on errors and alerts, and on who is behind them.
#include <doctest/doctest.h>

#include <algorithm>

#include "report/model/format.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/written.h"

using namespace ringside;
using namespace sample;

TEST_CASE("Sections: errors by kind and by operation, and advice for each") {
  const Written w(sample::numbered());
  const auto kinds =
      w.page.tables("error|outcome|1 min|5 min|1 h|since start|last|most of them on");
  REQUIRE(kinds.size() == 1);
  Rows expected;
  for (const ErrorKind& kind : w.report.analysis.error_kinds) {
    const std::string label = kind.name.empty() ? "code " + std::to_string(kind.code)
                                                : std::to_string(kind.code) + " " + kind.name;
    expected.push_back({label, name_of(kind.outcome), format_count(kind.count[1]),
                        format_count(kind.count[2]), format_count(kind.count[3]),
                        format_count(kind.count[0]),
                        format_time_of_day(kind.last_wall_ns).substr(0, 8),
                        kind.top_operation + " (" + kind.top_ring + ")"});
    const std::string rising = kind.rising ? " (rising)" : "";
    CHECK(w.says("ERRORS AND WHAT TO DO ABOUT THEM", label + rising + ": " + kind.advice));
  }
  check_rows(kinds[0], expected);

  const auto by_operation = w.page.tables("operation|ring|error|count|of its calls|last|by");
  REQUIRE(by_operation.size() == 1);
  expected.clear();
  for (std::size_t i = 0; i < 15; ++i) {
    const ErrorFinding& finding = w.report.analysis.errors[i];
    const ErrorStats& error = finding.error;
    expected.push_back({error.operation, error.ring,
                        error.name.empty() ? "code " + std::to_string(error.code)
                                           : std::to_string(error.code) + " " + error.name,
                        format_count(finding.count), percent(finding.count, finding.operations),
                        format_wall(error.last_wall_ns),
                        "user " + std::to_string(error.last_actor.id)});
  }
  check_rows(by_operation[0], expected);
  CHECK(w.says("ERRORS AND WHAT TO DO ABOUT THEM", "… and 21 more, in the JSON report."));
  const Written shorter(sample::numbered(), {.errors = 2});
  CHECK(shorter.page.tables("error|outcome|1 min|5 min|1 h|since start|last|most of them on")[0]
            .size() == 2);
  CHECK(shorter.says("ERRORS AND WHAT TO DO ABOUT THEM", "… and 4 more, in the JSON report."));
}

TEST_CASE("Sections: one piece of advice is given once for all errors that it holds for") {
  Snapshot snapshot = sample::numbered();
  for (ErrorStats& error : snapshot.errors)
    error.outcome = RecordOutcome::limited, error.name = "E";
  const Written w(snapshot);
  const auto bullets = w.page.section("ERRORS AND WHAT TO DO ABOUT THEM");
  CHECK(std::count_if(bullets.begin(), bullets.end(),
                      [](const RecordingPage::Element& e) { return e.kind == "bullet"; }) == 1);
  CHECK(w.says("ERRORS AND WHAT TO DO ABOUT THEM", "106 E"));
  CHECK(w.says("ERRORS AND WHAT TO DO ABOUT THEM", ", 103 E"));
}

TEST_CASE(
    "Sections: estimates are marked, with their interval, and those without errors are not "
    "ranked") {
  const Written w(sample::numbered());
  const auto tables = w.page.tables("who or what|ring|operations|errors|refused|time|true figures");
  REQUIRE(tables.size() == 4);
  const auto rows = [](const std::vector<TopEntry>& list, bool by_errors) {
    Rows expected;
    for (const TopEntry& entry : list) {
      if (by_errors && entry.errors == 0 && entry.refused == 0) continue;
      if (expected.size() == 5) break;
      std::string between;
      const auto figure = [&](const char* name, std::uint64_t value, const Interval& in,
                              bool time) {
        const auto show = [&](std::uint64_t x) { return time ? span(x) : format_count(x); };
        if (!entry.estimated || in.low == in.high) return show(value);
        between += std::string(between.empty() ? "" : " · ") + name + " " + show(in.low) + " to " +
                   show(in.high);
        return "≈ " + show(value);
      };
      Row row = {format_party(entry.party), entry.ring};
      row.push_back(figure("operations", entry.count, entry.count_in, false));
      row.push_back(figure("errors", entry.errors, entry.errors_in, false));
      row.push_back(figure("refused", entry.refused, entry.refused_in, false));
      row.push_back(figure("time", entry.time_ns, entry.time_in_ns, true));
      row.push_back(between.empty() ? "exact" : between);
      expected.push_back(row);
    }
    return expected;
  };
  check_rows(tables[0], rows(w.snapshot.actors_by_errors, true));
  check_rows(tables[1], rows(w.snapshot.subjects_by_errors, true));
  check_rows(tables[2], rows(w.snapshot.actors_by_time, false));
  check_rows(tables[3], rows(w.snapshot.subjects_by_time, false));
  CHECK(tables[0][1][6] == "exact");
  const std::string over = ", over the last " + span(w.snapshot.parties_seconds * 1e9);
  CHECK(w.says("ERRORS AND WHAT TO DO ABOUT THEM",
               "Actors with the most errors and refusals" + over));
  CHECK(w.says("ERRORS AND WHAT TO DO ABOUT THEM",
               "Subjects with the most errors and refusals" + over));
  CHECK(w.says("BOTTLENECKS", "Actors that take the most time" + over));
  CHECK(w.says("BOTTLENECKS", "Subjects that take the most time" + over));
  Snapshot none = sample::numbered();
  for (TopEntry& entry : none.actors_by_errors) entry.errors = entry.refused = 0;
  CHECK_FALSE(
      Written(none).says("ERRORS AND WHAT TO DO ABOUT THEM", "Actors with the most errors"));
}

TEST_CASE("Sections: alerts that are active, and the latest transitions") {
  const Written w(sample::numbered());
  const auto active = w.page.tables("active|level|state|about|value|threshold|for|episode");
  REQUIRE(active.size() == 1);
  Rows expected;
  for (const AlertView& alert : w.snapshot.alerts) {
    const AlertTransition& last = alert.last;
    expected.push_back(
        {name_of(last.alert), name_of(last.level), "firing",
         (last.operation.empty() ? "server" : last.operation) + " (" + last.ring + ")",
         format_value(last.value, last.unit),
         is_fact(last.unit) ? "–" : format_value(last.threshold, last.unit),
         span(static_cast<double>(w.snapshot.wall_ns - alert.since_wall_ns)), last.id});
  }
  check_rows(active[0], expected);
  const std::size_t all = w.snapshot.transitions.size();
  CHECK(w.says("INCIDENTS AND ALERTS", "The latest 10 of " +
                                           format_count(all + w.snapshot.transitions_forgotten) +
                                           " transitions of alerts"));
  // After the evidence: six texts for each transition, in the order of time, the last one empty.
  std::vector<std::string> expected_texts;
  for (std::size_t i = all - 10; i < all; ++i) {
    const AlertTransition& t = w.snapshot.transitions[i];
    expected_texts.insert(
        expected_texts.end(),
        {clock_time(w.snapshot, t.wall_ns), name_of(t.level), name_of(t.state), name_of(t.alert),
         (t.operation.empty() ? "server" : t.operation) + " (" + t.ring + ")", ""});
  }
  const std::vector<std::string> texts = w.page.texts("timeline");
  REQUIRE(texts.size() > expected_texts.size());
  CHECK(std::vector<std::string>(texts.end() - 60, texts.end()) == expected_texts);
}
