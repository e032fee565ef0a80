#include "tools/ringside/past/daemon_json.h"

#include <algorithm>
#include <cstdlib>

#include "daemon/history/spans.h"
#include "daemon/http/instants.h"
#include "report/model/format.h"
#include "tools/ringside/past/json_parts.h"

namespace ringside::tool::past {

namespace {

template <typename Names>
std::size_t index_of(const Names& names, const std::string& name) {
  std::size_t i = 0;
  for (const char* one : names) {
    if (name == one) break;
    ++i;
  }
  return i;
}

std::string party_text(const json& party, bool labels) {
  if (!party.is_object()) return "-";
  const std::size_t kind = index_of(kPartyKindNames, text(party, "kind"));
  // An id may have more digits than a number of JSON holds.
  return format_party({static_cast<PartyKind>(std::min<std::size_t>(kind, 6)),
                       std::strtoull(text(party, "id").c_str(), nullptr, 10),
                       labels ? text(party, "label") : std::string()});
}

std::string code_text(std::uint64_t code, const std::string& name) {
  if (code == 0) return {};
  return std::to_string(code) + (name.empty() ? "" : " " + escape_visible(name));
}

void take_window(const json& window, WindowStats& stats) {
  stats.seconds = number(window, "seconds");
  stats.recorded = count(window, "recorded");
  stats.skipped = count(window, "skipped");
  stats.history = count(window, "history");
  stats.errors = count(window, "errors");
  stats.refused = count(window, "refused");
  stats.timed = count(window, "timed");
  stats.sum_ns = count(window, "sum_ns");
  stats.min_ns = count(window, "min_ns");
  stats.max_ns = count(window, "max_ns");
  for (std::size_t i = 0; i < kOutcomes; ++i)
    stats.outcomes[i] = count(part(window, "outcomes"), kOutcomeNames[i]);
  for (const json& stage : part(window, "stages")) {
    const std::uint64_t i = count(stage, "stage");
    if (i >= kStages) continue;
    stats.stages[i] = {count(stage, "count"), count(stage, "sum_ns"), count(stage, "max_ns")};
  }
  for (const json& bucket : part(window, "histogram")) {
    if (!bucket.is_array() || bucket.size() != 2 || !bucket[0].is_number_integer() ||
        !bucket[1].is_number_unsigned())
      continue;
    const auto index = bucket[0].get<std::int64_t>();
    if (index < kMinBucket || index > kMaxBucket) continue;
    stats.latency.buckets.push_back(
        {static_cast<std::int16_t>(index), bucket[1].get<std::uint64_t>()});
  }
}

FigureSeries series_of(const json& one, bool event, const char* window) {
  FigureSeries series;
  series.key = {event, text(one, "ring"), text(one, "name")};
  series.category = text(one, "category");
  const json& names = part(one, "stage_names");
  for (std::size_t i = 0; i < kStages && names.is_array() && i < names.size(); ++i)
    if (names[i].is_string()) series.stage_names[i] = names[i].get<std::string>();
  const json& threshold = part(one, "threshold");
  series.threshold_ns = 1e6 * (threshold.is_object() ? number(threshold, "response_ms")
                                                     : number(one, "declared_response_ms"));
  take_window(part(part(one, "windows"), window), series.stats);
  series.total = count(one, "server_count");
  return series;
}

top::CallRow call_of(const json& record, bool labels) {
  top::CallRow call;
  const std::int64_t start_ns = wall_ns_of(record, "start_at");
  const double duration = number(record, "duration_ns");
  call.time =
      start_ns == 0 ? "–" : format_time_of_day(start_ns + static_cast<std::int64_t>(duration));
  call.place =
      std::to_string(count(record, "lane")) + ":" + std::to_string(count(record, "position"));
  call.outcome = text(record, "outcome");
  const std::size_t outcome = index_of(kOutcomeNames, call.outcome);
  const auto known = static_cast<RecordOutcome>(std::min(outcome, kOutcomes));
  call.failed = is_failure(known) || known == RecordOutcome::unknown;
  call.refused = !call.failed && known != RecordOutcome::ok;
  call.error = code_text(count(record, "error"), text(record, "error_name"));
  call.actor = party_text(part(record, "actor"), labels);
  call.subject = party_text(part(record, "subject"), labels);
  call.timed = part(record, "duration_ns").is_number();
  call.duration_ns = duration;
  const json& stages = part(record, "stages_ns");
  for (std::size_t i = 0; i < kStages && stages.is_array() && i < stages.size(); ++i)
    if (stages[i].is_number()) call.stages_ns[i] = stages[i].get<double>();
  return call;
}

void take_lanes(const json& metrics, Figures& out) {
  const std::int64_t now_ns = out.taken_wall_ns;
  for (const json& one : part(part(metrics, "data_quality"), "lanes")) {
    top::LaneRow row;
    row.lane = static_cast<std::uint32_t>(count(one, "lane"));
    row.overflow = flag(one, "overflow");
    row.life = row.overflow ? "shared" : escape_visible(text(one, "state"));
    row.thread = row.overflow ? "overflow" : escape_visible(text(one, "thread"));
    row.pid = static_cast<std::uint32_t>(count(one, "pid"));
    row.tid = static_cast<std::uint32_t>(count(one, "tid"));
    const json& books = part(one, "books");
    row.written = count(books, "written");
    row.missed = count(books, "lost");
    row.torn = count(books, "torn");
    const json& in_flight = part(one, "in_flight");
    if (in_flight.is_object()) {
      row.in_flight = escape_visible(text(in_flight, "operation"));
      const std::int64_t since_ns = wall_ns_of(in_flight, "since");
      row.since_ns = since_ns == 0 ? 0 : std::max<std::int64_t>(0, now_ns - since_ns);
    }
    if (row.written > 0 || row.life == "owned") out.lanes.push_back(std::move(row));
  }
}

}  // namespace

std::int64_t wall_ns_of(const json& object, const char* key) {
  const std::string at = text(object, key);
  constexpr std::size_t kToSeconds = 19;  // 2026-11-27T02:00:00
  if (at.size() < kToSeconds) return 0;
  const auto seconds = parse_instant(at.substr(0, kToSeconds) + "Z", 0);
  if (!seconds) return 0;
  std::int64_t ns = 0;
  std::int64_t unit = kNsPerSecond / 10;
  for (std::size_t i = kToSeconds + 1; i < at.size() && at[i] >= '0' && at[i] <= '9'; ++i) {
    ns += unit * (at[i] - '0');
    unit /= 10;
  }
  return *seconds * kNsPerSecond + ns;
}

void take_figures(const json& data, const char* window, Figures& out) {
  for (const char* kind : {"operations", "events"}) {
    for (const json& one : part(data, kind)) {
      out.series.push_back(series_of(one, *kind == 'e', window));
      out.seconds = std::max(out.seconds, out.series.back().stats.seconds);
    }
  }
  for (const json& one : part(data, "errors")) {
    FigureError error;
    error.count = count(part(one, "count"), window);
    if (error.count == 0) continue;
    error.ring = text(one, "ring");
    error.operation = text(one, "operation");
    error.code = static_cast<std::uint16_t>(count(one, "code"));
    error.name = text(one, "name");
    error.outcome = static_cast<RecordOutcome>(
        std::min(index_of(kOutcomeNames, text(one, "outcome")), kOutcomes));
    error.last_wall_ns = wall_ns_of(one, "last_at");
    if (part(one, "last_actor").is_object())
      error.last_actor = party_text(part(one, "last_actor"), out.labels);
    out.errors.push_back(std::move(error));
  }
  // A report has them at its top, the metrics beside the books.
  const json& quality = part(data, "data_quality");
  for (const json& ring : part(quality.is_object() ? quality : data, "rings")) {
    out.rings.push_back(text(ring, "name"));
    out.lost += count(part(part(ring, "losses"), "while_observed"), window);
  }
}

void take_present(const json& metrics, bool actors_by_failures, Figures& out) {
  take_lanes(metrics, out);
  const json& rings = part(part(metrics, "data_quality"), "rings");
  if (rings.is_array() && rings.size() == 1) {
    for (const RingState state : {RingState::waiting, RingState::live, RingState::crashed,
                                  RingState::closed, RingState::refused})
      if (text(rings[0], "state") == name_of(state)) out.state = state;
    // What is not recorded of each call.
    for (const json& one : part(rings[0], "sampled")) {
      for (FigureSeries& series : out.series) {
        if (series.key.name == text(one, "name"))
          series.sampled = static_cast<std::uint32_t>(count(one, "one_in"));
      }
    }
  }
  const json& top = part(metrics, "top");
  out.actors_seconds = number(top, "parties_seconds");
  for (const json& one : part(top, actors_by_failures ? "actors_by_errors" : "actors_by_time")) {
    top::ActorRow row;
    row.name = party_text(part(one, "party"), out.labels);
    row.operations = number(one, "count");
    row.errors = number(one, "errors");
    row.refused = number(one, "refused");
    row.time_ns = number(one, "time_ns");
    row.estimate = flag(one, "estimated");
    out.actors.push_back(std::move(row));
  }
}

void take_calls(const json& ring, Figures& out) {
  for (const json& one : part(part(ring, "series"), "last"))
    out.recent.push_back(call_of(one, out.labels));
  for (const json& one : part(ring, "worst")) out.worst.push_back(call_of(one, out.labels));
}

}  // namespace ringside::tool::past
