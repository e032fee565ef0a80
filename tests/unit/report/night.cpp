#include "tests/unit/report/night.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "tests/unit/report/sample.h"
#include "tests/unit/report/sample_builder.h"

namespace sample {

const char* const kEvilName =
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "'\"><!--|`_*[a](http://evil.example)*\u202e\u2028\u2029&lt;b&gt;@all";

namespace {

constexpr std::int64_t kMinutes = 480;
constexpr std::int64_t kEnd = kNow / kSecond / 60 * 60 + 60;
constexpr std::int64_t kBegin = kEnd - kMinutes * 60;

struct Kind {
  double per_second;
  double median_us;
  double spread;
  bool writes;
};

// The rates and times of sample.cpp, by what the operation is like.
Kind kind_of(const SeriesView& series) {
  const WindowStats& hour = series.window(Window::hour);
  const bool hashes = series.name == "AUTHENTICATION" || series.name == "REGISTRATION";
  return {std::max(hour.rate() / 4, 0.02), hashes ? 78'000.0 : 1500.0, hashes ? 0.15 : 0.55,
          !hashes && !series.name.starts_with("LIST")};
}

void add_call(HistorySlot& slot, std::map<int, std::uint64_t>& buckets, double ns, bool failed) {
  const auto span = static_cast<std::uint64_t>(ns);
  ++slot.recorded;
  ++slot.outcomes[failed ? 2 : 0];
  slot.min_ns = slot.timed == 0 ? span : std::min(slot.min_ns, span);
  slot.max_ns = std::max(slot.max_ns, span);
  ++slot.timed;
  slot.sum_ns += span;
  ++buckets[clamp_bucket(bucket_of(static_cast<LatencyUnits>(ns * kUnitsPerNs)))];
  const double shares[] = {0.02, 0.05, 0.78, 0.13};
  for (std::size_t s = 0; s < 4; ++s) {
    const auto part = static_cast<std::uint64_t>(shares[s] * ns);
    ++slot.stages[s].count;
    slot.stages[s].sum_ns += part;
    slot.stages[s].max_ns = std::max(slot.stages[s].max_ns, part);
  }
}

HistorySlot minute_of(Builder& builder, const Kind& kind, std::int64_t begin_s) {
  HistorySlot slot;
  slot.begin_wall_s = begin_s;
  slot.observed_seconds = 60;
  // The load falls until four in the morning, and rises again.
  const double hour = static_cast<double>(begin_s - kBegin) / 3600;
  const double load = 1 + 0.6 * std::cos(hour * 0.785);
  const bool locked =
      kind.writes && begin_s * kSecond < kUnlocked && (begin_s + 60) * kSecond > kLocked;
  const double calls = kind.per_second * 60 * load * (0.85 + 0.3 * builder.uniform());
  std::map<int, std::uint64_t> buckets;
  for (int i = 0; i < static_cast<int>(calls + builder.uniform()); ++i) {
    const bool waits = locked && builder.uniform() < 0.4;
    const double us =
        waits ? 760'000 + 40'000 * builder.uniform()
              : kind.median_us * (0.8 + 0.2 * load) * std::exp(kind.spread * builder.normal());
    add_call(slot, buckets, us * 1e3, waits);
  }
  for (const auto& [bucket, count] : buckets)
    slot.latency.buckets.push_back({static_cast<std::int16_t>(bucket), count});
  return slot;
}

HistorySeries events_of(const char* name, std::int64_t first, std::int64_t last,
                        std::uint64_t count) {
  HistorySeries series;
  series.ring = "chat";
  series.name = name;
  series.event = true;
  for (std::int64_t m = first; m < last; ++m) {
    HistorySlot slot;
    slot.begin_wall_s = kBegin + m * 60;
    slot.observed_seconds = 60;
    slot.recorded = count + static_cast<std::uint64_t>(m % 3);
    slot.outcomes[4] = slot.recorded;
    series.slots.push_back(slot);
  }
  return series;
}

IncidentView incident_of(const AlertTransition& cause) {
  IncidentView incident;
  incident.id = "6b08e15c";
  incident.ring = "chat";
  incident.cause = cause;
  incident.peak = AlertLevel::emergency;
  incident.began_wall_ns = kNow - 240 * kSecond;
  incident.ended_wall_ns = kNow - 160 * kSecond;
  incident.symptoms = {"high_error_rate errors EDIT_MESSAGE", "high_error_rate errors SEND_MESSAGE",
                       "high_latency p95 SEND_MESSAGE"};
  incident.operations = {"EDIT_MESSAGE", "SEND_MESSAGE"};
  incident.failed_calls = 879;
  incident.users = 40;
  return incident;
}

// Given on the days before: one was followed, one holds and takes days to tell.
std::vector<HistoryAdvice> advice_before() {
  constexpr std::int64_t kHourOfNs = 3'600 * kSecond;
  HistoryAdvice followed;
  followed.key = {AdviceKind::tail, "chat", "MESSAGE_SEARCH"};
  followed.first_ns = (kBegin - 3 * 86'400) * kSecond;
  followed.last_ns = (kBegin - 86'400) * kSecond;
  followed.first_figure = followed.last_figure = 9e8;
  followed.absent_looks = 9;
  followed.absent_since_ns = followed.last_ns + kHourOfNs;
  followed.absent_ns = followed.last_ns + 9 * kHourOfNs;
  followed.absent_figure = 2e8;
  followed.what = "Find out what the slowest tenth of MESSAGE_SEARCH waits for.";
  followed.evidence = "p50 20 ms, p90 90 ms, p99 900 ms, 45 times the median (n = 12,000).";
  followed.change = {followed.last_ns + kHourOfNs / 2, "deploy", "build 4f2a91b, before 4f2a91a"};
  HistoryAdvice holds;
  holds.key = {AdviceKind::descriptors, "chat", {}};
  holds.first_ns = followed.first_ns;
  holds.last_ns = kEnd * kSecond - kHourOfNs;
  holds.first_figure = holds.last_figure = 37;
  holds.what = "Look for descriptors that are not closed, or raise their limit (chat).";
  holds.evidence =
      "Its open descriptors grow by 37 a day: 611 in the last day, 1,024 is reached on 2024-12-04 "
      "at this pace.";
  holds.gain = "What is left lasts until 2024-12-04.";
  return {followed, holds};
}

HistorySpan make_night() {
  HistorySpan span;
  span.begin_wall_s = kBegin;
  span.end_wall_s = kEnd;
  Builder builder;
  for (const SeriesView& operation : busy().operations) {
    HistorySeries series;
    series.ring = operation.ring;
    series.name = operation.name;
    series.category = operation.category;
    series.stage_names = operation.stage_names;
    const Kind kind = kind_of(operation);
    for (std::int64_t m = 0; m < kMinutes; ++m) {
      HistorySlot slot = minute_of(builder, kind, kBegin + m * 60);
      // The server was restarted, and nothing was seen for three minutes.
      if (slot.recorded > 0 && (m < 120 || m >= 123)) series.slots.push_back(std::move(slot));
    }
    span.series.push_back(std::move(series));
  }
  span.series.push_back(events_of("LOGIN_FAILED", 440, 480, 9));
  span.series.push_back(events_of("IP_BLOCK", 445, 447, 1));
  span.series.push_back(events_of("BLOCKED_ATTEMPT", 446, 470, 14));
  span.marks = {{(kBegin + 120 * 60) * kSecond, HistoryMark::Kind::server_end, "chat", ""},
                {(kBegin + 123 * 60) * kSecond, HistoryMark::Kind::server_start, "chat", ""},
                {(kBegin + 123 * 60) * kSecond, HistoryMark::Kind::deploy, "chat", "build 4f2a91c"},
                {(kBegin + 300 * 60) * kSecond, HistoryMark::Kind::reload, "", "tick 5 s"}};
  HistoryConfiguration before{(kBegin - 3600) * kSecond, "tick = \"1s\"\n", "tick = \"1s\"\n", {}};
  HistoryConfiguration after{(kBegin + 300 * 60) * kSecond, "tick = \"5s\"\n", "", {}};
  span.configurations = {before, after};
  span.builds = {{(kBegin - 3600) * kSecond, "chat", "", ""},
                 {(kBegin + 123 * 60) * kSecond, "chat", "4f2a91c", "91ac"}};
  span.incidents = after_the_night().incidents;
  span.advice = advice_before();
  return span;
}

}  // namespace

const HistorySpan& night() {
  static const HistorySpan span = make_night();
  return span;
}

Snapshot after_the_night() {
  Snapshot snapshot = busy();
  for (AlertTransition& t : snapshot.transitions) {
    t.ring = "chat";
    if (t.alert != AlertType::security_threat) t.incident = "6b08e15c";
    if (t.alert == AlertType::database_issue) t.figure = "breaker";
  }
  const auto cause =
      std::find_if(snapshot.transitions.begin(), snapshot.transitions.end(),
                   [](const AlertTransition& t) { return t.alert == AlertType::database_issue; });
  snapshot.incidents = {incident_of(*cause)};
  return snapshot;
}

HistorySpan hostile_night() {
  HistorySpan span = night();
  for (HistorySeries& series : span.series) {
    if (series.name == "SEND_MESSAGE") series.name = series.stage_names[2] = kEvilName;
  }
  for (HistoryMark& mark : span.marks) mark.text = mark.ring = kEvilName;
  for (IncidentView& incident : span.incidents) incident.id = kEvilName;
  for (HistoryConfiguration& one : span.configurations) one.text = one.changed = kEvilName;
  for (HistoryAdvice& one : span.advice)
    one.what = one.evidence = one.gain = one.key.subject = one.change.text = kEvilName;
  for (HistoryBuild& one : span.builds)
    one.ring = one.build_id = one.configuration_digest = kEvilName;
  return span;
}

Snapshot after_a_hostile_night() {
  Snapshot snapshot = after_the_night();
  for (RingView& ring : snapshot.rings)
    ring.program = ring.problem = ring.build_id = ring.configuration_digest = kEvilName;
  for (SeriesView& series : snapshot.operations) {
    if (series.name == "SEND_MESSAGE") series.name = series.stage_names[2] = kEvilName;
    for (RecordView& record : series.last) {
      record.actor.label = record.subject.label = kEvilName;
      if (record.error != 0) record.error_name = kEvilName;
    }
  }
  for (auto* list : {&snapshot.actors_by_errors, &snapshot.actors_by_time}) {
    for (TopEntry& entry : *list) entry.party.label = kEvilName;
  }
  for (ErrorStats& error : snapshot.errors) error.name = error.last_actor.label = kEvilName;
  for (RecordView& record : snapshot.slowest) record.actor.label = kEvilName;
  for (LaneView& lane : snapshot.lanes) lane.thread = kEvilName;
  for (GaugeView& gauge : snapshot.gauges) gauge.name = kEvilName;
  for (AlertTransition& t : snapshot.transitions) t.message = t.operation = kEvilName;
  for (IncidentView& incident : snapshot.incidents) {
    incident.cause.message = incident.cause.operation = kEvilName;
    incident.acknowledged = true;
    incident.acknowledged_by = kEvilName;
  }
  snapshot.configuration_changed = std::string("key = \"") + kEvilName + "\"\n";
  snapshot.configuration = snapshot.configuration_changed;
  return snapshot;
}

}  // namespace sample
