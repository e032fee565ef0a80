// Scores of lines that a test writes by hand.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tools/simulate/score.h"

using namespace ringside;
using namespace ringside::simulate;

namespace {

Line line(double at_s, Line::What what, AlertType alert, AlertLevel level, std::string group,
          std::string operation = "") {
  Line out;
  out.at = kWorldBegin + ns_of(at_s);
  out.what = what;
  out.alert = alert;
  out.level = level;
  out.group = std::move(group);
  out.operation = std::move(operation);
  return out;
}

// An incident from 100 s to 200 s, with an aftermath of 10 s.
Scenario scenario(std::vector<std::string> causes, Op op = Op::none) {
  Scenario out;
  out.kind = "made";
  out.seed = 3;
  out.length = 600 * kSecondNs;
  Incident incident;
  incident.from = 100 * kSecondNs;
  incident.until = 200 * kSecondNs;
  incident.aftermath = 10 * kSecondNs;
  incident.causes = std::move(causes);
  incident.op = op;
  incident.least = AlertLevel::critical;
  out.incidents.push_back(incident);
  return out;
}

Score score_of(const Scenario& of, const std::vector<Line>& lines) {
  Score score;
  add_score(score, of, lines, 5 * kSecondNs);
  return score;
}

constexpr auto kRaised = Line::What::raised;
constexpr auto kResolved = Line::What::resolved;
constexpr auto kPending = Line::What::pending;
constexpr auto kLatency = AlertType::high_latency;
constexpr auto kDatabase = AlertType::database_issue;
constexpr auto kWarning = AlertLevel::warning;
constexpr auto kCritical = AlertLevel::critical;

}  // namespace

TEST_CASE("Score: an incident that is found, with its times, lines, level and cause") {
  const Score score =
      score_of(scenario({"database_issue"}), {line(102, kPending, kDatabase, kWarning, "a"),
                                              line(104, kRaised, kDatabase, kWarning, "a"),
                                              line(110, kRaised, kDatabase, kCritical, "a"),
                                              line(230, kResolved, kDatabase, kCritical, "a")});
  const IncidentScore& one = score.incidents.at(0);
  CHECK(one.found);
  CHECK(one.detect_s == doctest::Approx(4));
  CHECK(one.after_tick_s == doctest::Approx(4));  // 100 s is a tick
  CHECK(one.reset_s.value() == doctest::Approx(30));
  CHECK(one.lines == 4);
  CHECK(one.level == kCritical);
  CHECK(one.level_right);
  CHECK(one.cause_right);
  CHECK(score.alarms == 1);
  CHECK(score.false_alarms == 0);
  CHECK(score.recall() == 1);
  CHECK(score.precision() == 1);
}

TEST_CASE("Score: what is only pending finds nothing, and is read all the same") {
  const Score score =
      score_of(scenario({"database_issue"}), {line(102, kPending, kDatabase, kWarning, "a"),
                                              line(110, kResolved, kDatabase, kWarning, "a")});
  CHECK_FALSE(score.incidents.at(0).found);
  CHECK(score.incidents.at(0).lines == 2);
  CHECK(score.recall() == 0);
  CHECK(score.alarms == 0);
}

TEST_CASE("Score: an alarm is false before the incident, and from 15 s after its aftermath on") {
  const auto false_alarms = [](double at_s) {
    return score_of(scenario({"high_latency"}), {line(at_s, kRaised, kLatency, kWarning, "a")})
        .false_alarms;
  };
  CHECK(false_alarms(99.9) == 1);
  CHECK(false_alarms(100) == 0);
  CHECK(false_alarms(225) == 0);
  CHECK(false_alarms(225.1) == 1);
}

TEST_CASE("Score: the cause is what the loudest alarm names, and of those the first") {
  const Scenario of = scenario({"database_issue"});
  const Line symptom = line(105, kRaised, kLatency, kWarning, "s", "SEND_MESSAGE");
  const Line cause = line(110, kRaised, kDatabase, kWarning, "c");
  CHECK_FALSE(score_of(of, {symptom, cause}).incidents.at(0).cause_right);
  CHECK(score_of(of, {symptom, line(110, kRaised, kDatabase, kCritical, "c")})
            .incidents.at(0)
            .cause_right);
  // One story that names its cause late names it all the same.
  const Line taken_over = line(110, kRaised, kDatabase, kWarning, "s");
  CHECK(score_of(of, {symptom, taken_over}).incidents.at(0).cause_right);
}

TEST_CASE("Score: where an operation is the cause, another operation is not") {
  const Scenario of = scenario({"high_latency"}, Op::MESSAGE_SEARCH);
  const auto right = [&](const char* operation) {
    return score_of(of, {line(105, kRaised, kLatency, kWarning, "a", operation)})
        .incidents.at(0)
        .cause_right;
  };
  CHECK(right("MESSAGE_SEARCH"));
  CHECK_FALSE(right("SEND_MESSAGE"));
}

TEST_CASE("Score: of two incidents at once, an alarm belongs to the one that it names") {
  Scenario of = scenario({"high_latency"});
  Incident second = of.incidents[0];
  second.from = 120 * kSecondNs;
  second.causes = {"security_threat"};
  of.incidents.push_back(second);
  const Score score = score_of(of, {line(130, kRaised, AlertType::security_threat, kCritical, "a"),
                                    line(140, kRaised, kLatency, kCritical, "b")});
  CHECK(score.incidents.at(0).detect_s == doctest::Approx(40));
  CHECK(score.incidents.at(0).cause_right);
  CHECK(score.incidents.at(1).detect_s == doctest::Approx(10));
  CHECK(score.incidents.at(1).cause_right);
}

TEST_CASE("Score: an alarm that is raised again after it was resolved is not reset") {
  const Score score =
      score_of(scenario({"high_latency"}), {line(105, kRaised, kLatency, kCritical, "a"),
                                            line(150, kResolved, kLatency, kCritical, "a"),
                                            line(160, kRaised, kLatency, kCritical, "a")});
  CHECK_FALSE(score.incidents.at(0).reset_s);
}

TEST_CASE("Score: a calm day's alarms are all false") {
  Scenario calm = scenario({});
  calm.incidents.clear();
  calm.length = 2 * kDayNs;
  const Score score = score_of(calm, {line(150, kRaised, kLatency, kWarning, "a", "LIST_ROOMS"),
                                      line(190, kResolved, kLatency, kWarning, "a")});
  CHECK(score.calm_alarms == 1);
  CHECK(score.calm_lines == 2);
  CHECK(score.false_per_calm_day() == doctest::Approx(0.5));
  CHECK(score.false_by_name.at("made: high_latency LIST_ROOMS") == 1);
  CHECK(score.precision() == 0);
}

TEST_CASE("Score: quantiles are those of the nearest rank") {
  CHECK(quantile({}, 0.5) == 0);
  CHECK(quantile({4, 1, 3, 2}, 0.5) == 2);
  CHECK(quantile({4, 1, 3, 2}, 0.95) == 4);
  CHECK(quantile({7}, 0) == 7);
}

TEST_CASE("Score: what the data allow begins with the first tick after the beginning") {
  Scenario of = scenario({"high_latency"});
  of.incidents[0].from = ns_of(101.5);
  const Score score = score_of(of, {line(105, kRaised, kLatency, kCritical, "a")});
  CHECK(score.incidents.at(0).detect_s == doctest::Approx(3.5));
  CHECK(score.incidents.at(0).after_tick_s == doctest::Approx(0));
}
