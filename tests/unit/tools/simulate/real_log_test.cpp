// A real daemon's log through the simulator's score.
#include "tools/simulate/real_log.h"

#include <doctest/doctest.h>

#include <string>

namespace ringside::simulate {
namespace {

// 2024-11-23T10:00:00Z
constexpr Ns kBegin = 1'732'356'000 * kSecondNs;

std::string load_json(const std::string& incidents) {
  const auto at = [](Ns seconds) { return std::to_string(kBegin + seconds * kSecondNs); };
  return R"({"started_wall_ns":)" + at(0) + R"(,"ended_wall_ns":)" + at(600) + R"(,"incidents":[)" +
         incidents + "]}";
}

std::string incident(const char* name, Ns from, Ns until) {
  return std::string(R"({"name":")") + name + R"(","started_wall_ns":)" +
         std::to_string(kBegin + from * kSecondNs) + R"(,"ended_wall_ns":)" +
         std::to_string(kBegin + until * kSecondNs) + "}";
}

Scenario truth(const std::string& incidents) {
  std::string why;
  const auto found = truth_of(load_json(incidents), &why);
  REQUIRE_MESSAGE(found, why);
  return *found;
}

std::string line(const char* time, const char* level, const char* alert, const char* state,
                 const char* incident) {
  return std::string("ts=2024-11-23T") + time + "Z level=" + level + " alert=" + alert +
         " state=" + state +
         " op=- figure=x value=1 threshold=1 unit=ms id=1 incident=" + incident +
         " msg=\"it is \\\"so\\\", level=info\"\n";
}

const std::string kStory = line("10:01:02.500", "critical", "database_issue", "begun", "a") +
                           line("10:01:07.500", "emergency", "database_issue", "risen", "a") +
                           line("10:02:40.000", "emergency", "database_issue", "ended", "a");

TEST_CASE("RealLog: an incident that is told in time, by its cause, is right") {
  const Scenario locked = truth(incident("locked-database", 60, 120));
  REQUIRE(locked.incidents.size() == 1);
  CHECK(locked.incidents[0].from == 60 * kSecondNs);
  const RealScore score = score_log(kStory, locked, 5 * kSecondNs);
  INFO(score.text);
  CHECK(score.good);
  CHECK(score.text.find("  locked-database      yes  2.5 s  emergency  database_issue        3   "
                        "40 s\n  3 lines, 0 false alarms\n") != std::string::npos);
}

TEST_CASE("RealLog: one that is missed, named wrongly, too low or told of nothing is not right") {
  const Scenario locked = truth(incident("locked-database", 60, 120));
  CHECK_FALSE(score_log("", locked, kSecondNs).good);
  CHECK_FALSE(
      score_log(line("10:01:05.000", "critical", "high_latency", "begun", "a"), locked, kSecondNs)
          .good);
  CHECK_FALSE(
      score_log(line("10:01:05.000", "warning", "database_issue", "begun", "a"), locked, kSecondNs)
          .good);
  const std::string before = line("10:00:30.000", "warning", "high_latency", "begun", "b");
  CHECK_FALSE(score_log(before + kStory, locked, kSecondNs).good);
  CHECK_FALSE(score_log(before, truth(""), kSecondNs).good);
  CHECK(score_log("", truth(""), kSecondNs).good);
}

TEST_CASE(
    "RealLog: lines of episodes, of persons, of another time, and broken ones are passed over") {
  const Scenario locked = truth(incident("locked-database", 60, 120));
  const std::string others = line("10:01:01.000", "critical", "high_latency", "firing", "a") +
                             line("10:01:01.000", "critical", "high_latency", "acknowledged", "a") +
                             line("09:59:59.000", "critical", "high_latency", "begun", "old") +
                             "ts=2024-11-23T10:01:01.000Z level=critical msg=\"cut of\n" +
                             "{\"ts\": \"2024-11-23T10:01:01.000Z\"\nnonsense\n\n";
  CHECK(lines_of_log(others, locked).empty());
  CHECK(lines_of_log(others + kStory, locked).size() == 3);
  const std::string json =
      R"({"ts":"2024-11-23T10:01:02.500Z","level":"critical","alert":"database_issue",)"
      R"("state":"begun","op":"","value":1.5,"incident":"a","msg":"so"})";
  const auto lines = lines_of_log(json, locked);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].at == kWorldBegin + 62'500 * kMillisecond);
  CHECK(lines[0].group == "a");
  CHECK(lines[0].level == AlertLevel::critical);
}

TEST_CASE(
    "RealLog: incidents that did not take place, and those that nobody need know, are left out") {
  CHECK(truth(R"({"name":"locked-database","started_wall_ns":null,"ended_wall_ns":null},)" +
              incident("invalid-burst", 1, 2) + "," + incident("password-guessing", 1, 2))
            .incidents.size() == 1);
}

TEST_CASE("RealLog: what is no file of the load's is refused") {
  for (const char* text :
       {"", "[]", "{}", R"({"started_wall_ns":1})", R"({"started_wall_ns":1,"ended_wall_ns":"x"})",
        R"({"started_wall_ns":1,"ended_wall_ns":2})"}) {
    std::string why;
    CHECK_FALSE(truth_of(text, &why));
    CHECK(why.starts_with("expected what ringside-chatload wrote with --json, found "));
  }
}

}  // namespace
}  // namespace ringside::simulate
