// A history file as a source of minutes.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "daemon/history/history_reader.h"
#include "daemon/history/spans.h"
#include "daemon/http/past_span.h"
#include "report/model/format.h"
#include "tools/ringside/past/source.h"

namespace ringside::tool::past {

namespace {

// Adds a slot. Slots of the same begin stand beside each other: each counts what the others don't.
void add_slot(const HistorySlot& slot, WindowStats& stats) {
  if (slot.timed > 0) {
    stats.min_ns = stats.timed == 0 ? slot.min_ns : std::min(stats.min_ns, slot.min_ns);
    stats.max_ns = std::max(stats.max_ns, slot.max_ns);
  }
  stats.recorded += slot.recorded;
  stats.skipped += slot.skipped;
  stats.timed += slot.timed;
  stats.sum_ns += slot.sum_ns;
  stats.value_sum += slot.value_sum;
  stats.latency.merge(slot.latency);
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    const auto outcome = static_cast<RecordOutcome>(i);
    stats.outcomes[i] += slot.outcomes[i];
    if (is_failure(outcome)) stats.errors += slot.outcomes[i];
    if (is_refusal(outcome)) stats.refused += slot.outcomes[i];
  }
  for (std::size_t i = 0; i < kStages; ++i) {
    stats.stages[i].count += slot.stages[i].count;
    stats.stages[i].sum_ns += slot.stages[i].sum_ns;
    stats.stages[i].max_ns = std::max(stats.stages[i].max_ns, slot.stages[i].max_ns);
  }
}

// What the span's configuration, or else the server, says is too slow.
double limit_ns(const HistorySpan& span, const HistorySeries& series, std::int64_t end_s) {
  if (series.event) return 0;
  Declared declared{0, series.waits_for_client};
  for (const HistoryDeclared& one : span.declared) {
    if (one.ring == series.ring && one.operation == series.name &&
        one.wall_ns < end_s * kNsPerSecond)
      declared.response_ns = one.response_ns;
  }
  const HistoryConfiguration* in_force = nullptr;
  for (const HistoryConfiguration& one : span.configurations)
    if (one.wall_ns < end_s * kNsPerSecond) in_force = &one;
  return static_cast<double>(in_force != nullptr
                                 ? in_force->thresholds.response_of(series.name, declared)
                                 : declared.response_ns);
}

class HistorySource : public MinuteSource {
 public:
  explicit HistorySource(const Named& named)
      : path_(named.history), ring_(named.ring), name_(escape_visible(named.history)) {}

  // Finds out whether it can be read, and has the ring.
  std::optional<Failure> begin() {
    Held held_now;
    if (auto failure = held(held_now)) return failure;
    if (held_now.none())
      return Failure{0, name_ +
                            ": the history is empty\n  next: the daemon writes each minute when "
                            "it is over; wait for the first one"};
    if (ring_.empty()) return std::nullopt;
    HistoryQuery query;
    query.begin_wall_s = extent_.first_wall_s;
    query.end_wall_s = held_now.end_wall_s;
    query.slots = HistoryQuery::Slots::hours;
    query.end_wall_s += kHourS;
    query.series = false;
    const HistoryResult all = read_history(path_, query);
    if (all.failure) return all.failure;
    std::string known;
    for (const HistoryRing& ring : all.span.rings) {
      if (ring.ring == ring_) return std::nullopt;
      known += (known.empty() ? "`" : ", `") + escape_visible(ring.ring) + "`";
    }
    return Failure{0, name_ + ": no ring `" + escape_visible(ring_) +
                          "` in this history\n  next: " +
                          (known.empty() ? "leave --ring out" : "it has " + known)};
  }

  const std::string& name() const override { return name_; }

  std::optional<Failure> held(Held& out) override {
    extent_ = history_extent(path_);
    if (extent_.failure) return extent_.failure;
    // A mark may lie beyond the last minute. There is nothing to see there.
    const std::int64_t last_s = extent_.first_minute_wall_s > 0 ? 60 : kHourS;
    out = {};
    if (extent_.last_wall_s > 0) out = {extent_.first_wall_s, extent_.last_wall_s + last_s};
    return std::nullopt;
  }

  std::optional<Failure> read(const MinuteSpan& span, Figures& out) override {
    out = {};
    const bool minutes = has_minutes(extent_, span.begin_wall_s);
    HistoryQuery query = query_of({span.begin_wall_s, span.end_wall_s}, minutes);
    query.ring = ring_;
    out.hours = !minutes;
    out.begin_wall_s = query.begin_wall_s;
    out.end_wall_s = query.end_wall_s;
    Gathering gathering{span, out, {}, {}, {}, 0};
    if (minutes && span.end_wall_s - span.begin_wall_s <= kTrendS) {
      gathering.trend_begin_s = span.end_wall_s - kTrendS;
      query.begin_wall_s = std::min(query.begin_wall_s, gathering.trend_begin_s);
    }
    // Piece by piece: two days of minutes would fill the memory.
    const std::int64_t end_s = query.end_wall_s;
    const std::int64_t piece_s = minutes ? kPieceS : kPieceS * 60;
    while (query.begin_wall_s < end_s) {
      query.end_wall_s = std::min(query.begin_wall_s + piece_s, end_s);
      const HistoryResult result = read_history(path_, query);
      if (result.failure) return result.failure;
      take(result.span, gathering);
      query.begin_wall_s = query.end_wall_s;
    }
    for (const auto& [ring, seconds] : gathering.seconds) {
      out.rings.push_back(ring);
      out.seconds = std::max(out.seconds, seconds);
    }
    for (FigureSeries& one : out.series) one.stats.seconds = gathering.seconds[one.key.ring];
    for (auto& [key, error] : gathering.errors) out.errors.push_back(std::move(error));
    return std::nullopt;
  }

 private:
  static constexpr auto kTrendS = static_cast<std::int64_t>(kTrendMinutes) * 60;
  static constexpr std::int64_t kPieceS = 2 * kHourS;

  using ErrorKey = std::tuple<std::string, std::string, std::uint16_t, RecordOutcome>;
  struct Gathering {
    const MinuteSpan& span;
    Figures& out;
    std::map<SeriesKey, std::size_t> places;  // in out.series
    std::map<std::string, double> seconds;    // in which each ring was observed
    std::map<ErrorKey, FigureError> errors;
    std::int64_t trend_begin_s;  // 0: without
    bool holds(std::int64_t begin_s) const {
      return begin_s >= out.begin_wall_s && begin_s < out.end_wall_s;
    }
  };

  static void take(const HistorySpan& span, Gathering& to) {
    for (const HistoryRing& ring : span.rings) {
      double& seconds = to.seconds[ring.ring];
      for (const HistoryRingSlot& slot : ring.slots) {
        if (!to.holds(slot.begin_wall_s)) continue;
        seconds += slot.observed_seconds;
        to.out.lost += slot.lost;
      }
    }
    std::map<std::pair<std::string, std::uint16_t>, std::string> names;
    for (const HistoryErrorName& one : span.error_names) names[{one.ring, one.code}] = one.name;
    for (const HistorySeries& series : span.series) {
      const SeriesKey key{series.event, series.ring, series.name};
      const auto [place, added] = to.places.try_emplace(key, to.out.series.size());
      if (added) to.out.series.emplace_back().key = key;
      FigureSeries& one = to.out.series[place->second];
      one.category = series.category;
      one.stage_names = series.stage_names;
      one.threshold_ns = limit_ns(span, series, to.out.end_wall_s);
      if (to.trend_begin_s > 0) one.trend.resize(kTrendMinutes);
      for (const HistorySlot& slot : series.slots) {
        if (to.trend_begin_s > 0) add_to_trend(slot, to.trend_begin_s, one);
        if (!to.holds(slot.begin_wall_s)) continue;
        add_slot(slot, one.stats);
        if (to.span.apart) one.minutes.emplace_back(slot.begin_wall_s, slot.latency);
        if (!series.event) add_errors(series, slot, names, to);
      }
    }
  }

  static void add_to_trend(const HistorySlot& slot, std::int64_t begin_s, FigureSeries& one) {
    const std::int64_t minute = (slot.begin_wall_s - begin_s) / 60;
    if (slot.begin_wall_s < begin_s || minute >= static_cast<std::int64_t>(kTrendMinutes)) return;
    if (slot.observed_seconds > 0)
      one.trend[static_cast<std::size_t>(minute)] +=
          static_cast<double>(slot.count()) / slot.observed_seconds;
  }

  static void add_errors(const HistorySeries& series, const HistorySlot& slot,
                         const std::map<std::pair<std::string, std::uint16_t>, std::string>& names,
                         Gathering& to) {
    for (const HistoryError& error : slot.errors) {
      FigureError& kind = to.errors[{series.ring, series.name, error.code, error.outcome}];
      kind.ring = series.ring;
      kind.operation = series.name;
      kind.code = error.code;
      kind.outcome = error.outcome;
      const auto name = names.find({series.ring, error.code});
      if (name != names.end()) kind.name = name->second;
      kind.count += error.count;
      kind.last_wall_ns = std::max(kind.last_wall_ns, slot.begin_wall_s * kNsPerSecond);
    }
  }

  const std::string path_, ring_, name_;
  HistoryExtent extent_;
};

}  // namespace

std::unique_ptr<MinuteSource> open_history(const Named& named, Failure& failure) {
  auto source = std::make_unique<HistorySource>(named);
  if (auto wrong = source->begin()) {
    failure = *wrong;
    return nullptr;
  }
  return source;
}

}  // namespace ringside::tool::past
