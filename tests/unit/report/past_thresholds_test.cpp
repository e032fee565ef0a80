// A report of the past judges by what was in force then.
#include <doctest/doctest.h>

#include <string>

#include <nlohmann/json.hpp>

#include "report/analysis/past_snapshot.h"
#include "report/render/json.h"
#include "report/render/text.h"

using namespace ringside;

namespace {

constexpr std::int64_t kNsOfSecond = 1'000'000'000;
constexpr std::int64_t kHourBegin = 1'732'320'000;

// An hour of one operation: 100 calls a minute of 30 ms each.
HistorySpan hour_of_30_ms() {
  HistorySpan span;
  span.begin_wall_s = kHourBegin;
  span.end_wall_s = kHourBegin + 3600;
  HistoryRing ring;
  ring.ring = "chat";
  HistorySeries send;
  send.ring = "chat";
  send.name = "SEND";
  for (std::int64_t begin = kHourBegin; begin < span.end_wall_s; begin += 60) {
    ring.slots.push_back({begin, 60, 0, 60, 0});
    HistorySlot& slot = send.slots.emplace_back();
    slot.begin_wall_s = begin;
    slot.recorded = slot.timed = slot.outcomes[0] = 100;
    slot.sum_ns = 3'000'000'000;
    slot.min_ns = slot.max_ns = 30'000'000;
    slot.latency.buckets = {
        {static_cast<std::int16_t>(bucket_of(static_cast<LatencyUnits>(30e6 * kUnitsPerNs))), 100}};
  }
  span.rings = {ring};
  span.series = {send};
  return span;
}

HistoryConfiguration from(std::int64_t minute, std::int64_t response_ms) {
  HistoryConfiguration one;
  one.wall_ns = (kHourBegin + minute * 60) * kNsOfSecond;
  one.changed = "response_ms_is_" + std::to_string(response_ms) + " = 1\n";
  one.text = one.changed + "more = 2\n";
  one.thresholds.response_ns = response_ms * 1'000'000;
  return one;
}

Verdict verdict_of(const HistorySpan& span) {
  const Snapshot snapshot = past_snapshot(span);
  return Report(snapshot, &span).analysis.verdict;
}

std::string text_of(const HistorySpan& span) {
  const Snapshot snapshot = past_snapshot(span);
  TextOptions options;
  options.limits.whole = true;
  return render_text(Report(snapshot, &span), options);
}

bool contains(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("PastThresholds: the verdict is by the configuration that held longest then") {
  HistorySpan span = hour_of_30_ms();
  CHECK(verdict_of(span) == Verdict::healthy);  // the default: 1 s
  span.configurations = {from(-600, 20)};
  CHECK(verdict_of(span) == Verdict::degraded);
  span.configurations = {from(-600, 20), from(31, 50)};
  CHECK(verdict_of(span) == Verdict::degraded);
  span.configurations = {from(-600, 20), from(29, 50)};
  CHECK(verdict_of(span) == Verdict::healthy);
  CHECK(past_snapshot(span).configuration == span.configurations[1].text);
  CHECK(past_snapshot(span).configuration_changed == span.configurations[1].changed);
}

TEST_CASE("PastThresholds: what a server declared then counts, unless the configuration has its own") {
  HistorySpan span = hour_of_30_ms();
  span.declared = {{kHourBegin * kNsOfSecond, "chat", "SEND", 20'000'000}};
  CHECK(verdict_of(span) == Verdict::degraded);
  CHECK(past_snapshot(span).operations.at(0).declared.response_ns == 20'000'000);
  span.declared.push_back({(kHourBegin + 60) * kNsOfSecond, "chat", "SEND", 50'000'000});
  CHECK(verdict_of(span) == Verdict::healthy);
  span.declared = {{kHourBegin * kNsOfSecond, "other", "SEND", 20'000'000},
                   {kHourBegin * kNsOfSecond, "chat", "EDIT", 20'000'000}};
  CHECK(verdict_of(span) == Verdict::healthy);
  span.declared = {{kHourBegin * kNsOfSecond, "chat", "SEND", 20'000'000}};
  span.configurations = {from(0, 1000)};
  span.configurations[0].thresholds.operations["SEND"].response_ns = 40'000'000;
  CHECK(verdict_of(span) == Verdict::healthy);
}

TEST_CASE("PastThresholds: each configuration is shown from when on, or that none is known") {
  HistorySpan span = hour_of_30_ms();
  const std::string unknown = text_of(span);
  CHECK(contains(unknown, "the default thresholds"));
  CHECK_FALSE(contains(unknown, "CONFIGURATION"));
  span.configurations = {from(-600, 20)};
  const std::string one = text_of(span);
  CHECK_FALSE(contains(one, "the default thresholds"));
  CHECK(contains(one, "CONFIGURATION IN FORCE"));
  CHECK(contains(one, "In force from 2024-11-22T14:00:00.000Z on. What differs from the "
                      "defaults:"));
  CHECK(contains(one, "response_ms_is_20 = 1"));
  CHECK_FALSE(contains(one, "judges by it"));
  span.configurations.push_back(from(40, 50));
  span.configurations[1].changed.clear();
  const std::string two = text_of(span);
  CHECK(contains(two, "In force from 2024-11-22T14:00:00.000Z on. This report judges by it"));
  CHECK(contains(two,
                 "In force from 2024-11-23T00:40:00.000Z on. Every key is at its default."));
}

TEST_CASE("PastThresholds: JSON has the configuration that judges, and each with its time") {
  HistorySpan span = hour_of_30_ms();
  span.configurations = {from(-600, 20), from(40, 50)};
  const Snapshot snapshot = past_snapshot(span);
  const auto json = nlohmann::json::parse(render_json(Report(snapshot, &span)));
  CHECK(json["configuration"] == span.configurations[0].text);
  CHECK(json["configuration_changed"] == span.configurations[0].changed);
  CHECK(json["thresholds"]["response_ms"] == 20.0);
  const auto& all = json["history"]["configurations"];
  REQUIRE(all.size() == 2);
  CHECK(all[0]["thresholds"] == json["thresholds"]);
  CHECK(all[1]["thresholds"]["response_ms"] == 50.0);
  CHECK(all[1]["since_at"] == "2024-11-23T00:40:00.000000000Z");
  CHECK(all[1]["configuration_changed"] == span.configurations[1].changed);
}
