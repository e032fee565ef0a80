#include "report/analysis/past_snapshot.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "report/model/sums.h"

namespace ringside {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr auto kSpan = static_cast<std::size_t>(Window::since_start);

std::int64_t begin_of(const HistorySpan& span) { return span.begin_wall_s * kNsPerSecond; }
std::int64_t end_of(const HistorySpan& span) { return span.end_wall_s * kNsPerSecond; }

// Stages keep their names only where all that are summed up have the same.
void add_series(SeriesView& to, const SeriesView& from, bool first) {
  add_window(to.windows[kSpan], from.windows[kSpan]);
  for (std::size_t i = 0; i < kStages; ++i) {
    if (first) {
      to.stage_names[i] = from.stage_names[i];
    } else if (to.stage_names[i] != from.stage_names[i]) {
      to.stage_names[i].clear();
    }
  }
  to.server_count += from.server_count;
  to.server_errors += from.server_errors;
  to.books += from.books;
}

class Builder {
 public:
  Builder(const HistorySpan& span, Snapshot& out) : span_(span), out_(out) {
    for (const HistoryErrorName& error : span.error_names)
      error_names_[{error.ring, error.code}] = error.name;
  }

  void build() {
    for (const HistoryRing& ring : span_.rings) add_ring(ring);
    for (const HistorySeries& series : span_.series) add_history(series);
    sum_up();
    for (std::size_t i = 0; i < out_.rings.size(); ++i)
      add_books(out_.rings[i], span_.rings[i].left_out);
    out_.books.written = out_.books.read + out_.books.lost;
    for (const HistoryGauge& gauge : span_.gauges) add_gauge(gauge);
    for (const auto& [key, error] : errors_) out_.errors.push_back(error);
    std::stable_sort(
        out_.errors.begin(), out_.errors.end(),
        [](const ErrorStats& a, const ErrorStats& b) { return a.count[kSpan] > b.count[kSpan]; });
  }

 private:
  void add_ring(const HistoryRing& history) {
    RingView& ring = out_.rings.emplace_back();
    ring.name = history.ring;
    ring.state = RingState::live;
    ring.enabled = true;
    double seconds = 0;
    for (const HistoryRingSlot& slot : history.slots) {
      seconds += slot.observed_seconds;
      ring.losses.while_observed[kSpan] += slot.lost;
    }
    observed_[history.ring] = seconds;
    for (const HistoryMark& mark : span_.marks_before) follow(ring, mark);
    ring.instances_seen = ring.crashes_seen = 0;  // those are of another time
    for (const HistoryMark& mark : span_.marks) follow(ring, mark);
    for (const HistoryBuild& build : span_.builds) {  // the last one is the server's at the end
      if (build.ring != ring.name) continue;
      ring.build_id = build.build_id;
      ring.configuration_digest = build.configuration_digest;
    }
  }

  static void follow(RingView& ring, const HistoryMark& mark) {
    if (mark.ring != ring.name) return;
    if (mark.kind == HistoryMark::Kind::server_start) {
      ring.state = RingState::live;
      ++ring.instances_seen;
      ring.created_wall_ns = mark.wall_ns;
    }
    if (mark.kind != HistoryMark::Kind::server_end) return;
    const bool crashed = mark.text.starts_with(name_of(RingState::crashed));
    ring.state = crashed ? RingState::crashed : RingState::closed;
    if (crashed) ++ring.crashes_seen;
  }

  void add_history(const HistorySeries& history) {
    SeriesView series;
    series.name = history.name;
    series.ring = history.ring;
    series.category = history.category;
    series.stage_names = history.stage_names;
    series.declared = {declared_by(history), history.waits_for_client};
    WindowStats& stats = series.windows[kSpan];
    for (const HistorySlot& slot : history.slots) {
      add_slot(stats, slot);
      series.books.lost += slot.lost;
      if (!history.event) add_errors(history, slot);
    }
    const auto observed = observed_.find(history.ring);
    stats.seconds = observed != observed_.end() ? observed->second : 0;
    series.books.read = stats.recorded;
    series.books.written = series.books.read + series.books.lost;
    series.server_count = stats.count();
    series.server_errors = stats.errors;
    out_.books.read += stats.recorded;
    (history.event ? out_.events : out_.operations).push_back(std::move(series));
  }

  // What the server declared for most of the span.
  std::int64_t declared_by(const HistorySeries& history) const {
    std::vector<HistoryDeclared> own;
    std::copy_if(span_.declared.begin(), span_.declared.end(), std::back_inserter(own),
                 [&](const HistoryDeclared& one) {
                   return !history.event && one.ring == history.ring &&
                          one.operation == history.name;
                 });
    if (own.empty()) return 0;
    return own[longest_in_force(own, begin_of(span_), end_of(span_))].response_ns;
  }

  void add_errors(const HistorySeries& history, const HistorySlot& slot) {
    for (const HistoryError& one : slot.errors) {
      ErrorStats& error = errors_[std::tie(history.ring, history.name, one.code, one.outcome)];
      if (error.operation.empty()) {
        error.code = one.code;
        error.outcome = one.outcome;
        error.ring = history.ring;
        error.operation = history.name;
        const auto name = error_names_.find({history.ring, one.code});
        if (name != error_names_.end()) error.name = name->second;
      }
      error.count[kSpan] += one.count;
      error.last_wall_ns = slot.begin_wall_s * kNsPerSecond;
    }
  }

  void sum_up() {
    out_.all.name = "all";
    std::map<std::string, std::size_t> categories;
    bool first = true;
    for (const SeriesView& series : out_.operations) {
      add_series(out_.all, series, std::exchange(first, false));
      if (series.category.empty()) continue;
      const auto [at, is_new] = categories.try_emplace(series.category, out_.categories.size());
      if (is_new) out_.categories.emplace_back().name = series.category;
      add_series(out_.categories[at->second], series, is_new);
    }
    for (const RingView& ring : out_.rings) {
      out_.all.windows[kSpan].seconds =
          std::max(out_.all.windows[kSpan].seconds, observed_[ring.name]);
    }
  }

  // Of a ring as a whole, also where the snapshot has one of its operations.
  void add_books(RingView& ring, std::uint64_t left_out) {
    ring.books.read = left_out;
    for (const auto* list : {&out_.operations, &out_.events}) {
      for (const SeriesView& series : *list) {
        if (series.ring == ring.name) ring.books.read += series.books.read;
      }
    }
    ring.books.lost = ring.losses.while_observed[kSpan];
    ring.books.written = ring.books.read + ring.books.lost;
    out_.books.read += left_out;
    out_.books.lost += ring.books.lost;
  }

  void add_gauge(const HistoryGauge& gauge) {
    if (gauge.samples.empty()) return;
    GaugeView view{gauge.ring, gauge.name, gauge.samples.back().last, gauge.samples.back().max};
    for (const HistorySample& sample : gauge.samples) view.max = std::max(view.max, sample.max);
    out_.gauges.push_back(std::move(view));
  }

  const HistorySpan& span_;
  Snapshot& out_;
  std::map<std::pair<std::string, std::uint16_t>, std::string> error_names_;
  std::map<std::string, double> observed_;  // seconds, by ring
  std::map<std::tuple<std::string, std::string, std::uint16_t, RecordOutcome>, ErrorStats> errors_;
};

}  // namespace

const HistoryConfiguration* configuration_in_force(const HistorySpan& span) {
  if (span.configurations.empty()) return nullptr;
  return &span.configurations[longest_in_force(span.configurations, begin_of(span), end_of(span))];
}

Snapshot past_snapshot(const HistorySpan& span) {
  Snapshot out;
  out.wall_ns = end_of(span);
  out.past_seconds = std::max<std::int64_t>(1, span.end_wall_s - span.begin_wall_s);
  if (const HistoryConfiguration* then = configuration_in_force(span)) {
    out.thresholds = then->thresholds;
    out.configuration = then->text;
    out.configuration_changed = then->changed;
  }
  out.incidents = span.incidents;
  std::reverse(out.incidents.begin(), out.incidents.end());
  out.transitions = span.transitions;
  Builder(span, out).build();
  return out;
}

}  // namespace ringside
