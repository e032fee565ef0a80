#include "daemon/http/chart_figures.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "daemon/history/spans.h"
#include "report/model/sums.h"

namespace ringside::http {
namespace {

constexpr std::int64_t kMinuteS = 60;

// What is known of a step of calls.
struct Bin {
  WindowStats stats;
  double observed_seconds = 0;
  std::uint64_t lost = 0;
  std::map<std::string, StageStats> stages;  // by name
};
using Value = std::optional<double>;

Value when(bool known, double value) { return known ? Value(value) : Value(); }
template <class T>
double number(T value) {
  return static_cast<double>(value);
}
Value quantile(const Bin& bin, double q) {
  return when(bin.stats.timed > 0, bin.stats.quantile_ns(q));
}
bool seen(const Bin& bin) { return bin.observed_seconds > 0; }

struct CallFigure {
  std::string_view name;
  Value (*value)(const Bin& bin);
};
constexpr std::array<CallFigure, 14> kCallFigures = {{
    {"count", [](const Bin& b) { return when(seen(b), number(b.stats.count())); }},
    {"rate_per_s",
     [](const Bin& b) {
       return when(seen(b), number(b.stats.count()) / std::max(b.observed_seconds, 1e-9));
     }},
    {"errors", [](const Bin& b) { return when(seen(b), number(b.stats.errors)); }},
    {"error_rate", [](const Bin& b) { return when(b.stats.count() > 0, b.stats.error_rate()); }},
    {"refused", [](const Bin& b) { return when(seen(b), number(b.stats.refused)); }},
    {"timed", [](const Bin& b) { return when(seen(b), number(b.stats.timed)); }},
    {"mean_ns", [](const Bin& b) { return when(b.stats.timed > 0, b.stats.mean_ns()); }},
    {"p50_ns", [](const Bin& b) { return quantile(b, 0.5); }},
    {"p90_ns", [](const Bin& b) { return quantile(b, 0.9); }},
    {"p95_ns", [](const Bin& b) { return quantile(b, 0.95); }},
    {"p99_ns", [](const Bin& b) { return quantile(b, 0.99); }},
    {"p999_ns", [](const Bin& b) { return quantile(b, 0.999); }},
    {"max_ns", [](const Bin& b) { return when(b.stats.timed > 0, number(b.stats.max_ns)); }},
    {"lost", [](const Bin& b) { return when(seen(b), number(b.lost)); }},
}};

std::optional<std::size_t> step_at(const Steps& steps, std::int64_t wall_s) {
  if (wall_s < steps.begin_wall_s || wall_s >= steps.end_wall_s()) return std::nullopt;
  return static_cast<std::size_t>((wall_s - steps.begin_wall_s) / steps.seconds);
}

// The calls of one line of a chart.
class Bins {
 public:
  explicit Bins(const Steps& steps) : steps_(steps), bins_(steps.count) {}

  void add(const HistorySeries& series, bool with_times) {
    for (const HistorySlot& slot : series.slots) add(series, slot, with_times);
  }
  // A minute without a call has no slot. The ring says that it was observed.
  void observe(const HistoryRing& ring) {
    for (const HistoryRingSlot& slot : ring.slots)
      observe(slot.begin_wall_s, slot.observed_seconds);
  }
  // Of all operations together nobody knows which a lost record was of: the ring does.
  void take_losses(const HistoryRing& ring) {
    for (const HistoryRingSlot& slot : ring.slots) {
      if (const auto at = step_at(steps_, slot.begin_wall_s)) bins_[*at].lost += slot.lost;
    }
  }
  void forget_losses() {
    for (Bin& bin : bins_) bin.lost = 0;
  }

  std::vector<Value> values(const ChartFigure& figure) const {
    std::vector<Value> values;
    values.reserve(bins_.size());
    for (const Bin& bin : bins_)
      values.push_back(figure.of == ChartFigure::Of::stage ? stage_mean(bin, figure.name)
                                                           : call_value(bin, figure.name));
    return values;
  }

 private:
  // Of several that are observed at the same time the longest counts.
  void observe(std::int64_t begin_wall_s, double seconds) {
    const auto at = step_at(steps_, begin_wall_s);
    double& observed = observed_[begin_wall_s];
    if (!at || seconds <= observed) return;
    bins_[*at].observed_seconds += seconds - observed;
    observed = seconds;
  }

  void add(const HistorySeries& series, const HistorySlot& slot, bool with_times) {
    const auto at = step_at(steps_, slot.begin_wall_s);
    if (!at) return;
    Bin& bin = bins_[*at];
    observe(slot.begin_wall_s, slot.observed_seconds);
    bin.lost += slot.lost;
    if (with_times) {
      add_slot(bin.stats, slot);
      add_stages(bin, series, slot);
      return;
    }
    HistorySlot counts = slot;
    counts.timed = counts.sum_ns = counts.min_ns = counts.max_ns = 0;
    counts.latency = {};
    counts.stages = {};
    add_slot(bin.stats, counts);
  }

  static void add_stages(Bin& bin, const HistorySeries& series, const HistorySlot& slot) {
    for (std::size_t s = 0; s < kStages; ++s) {
      if (slot.stages[s].count == 0 || series.stage_names[s].empty()) continue;
      StageStats& stage = bin.stages[series.stage_names[s]];
      stage.count += slot.stages[s].count;
      stage.sum_ns += slot.stages[s].sum_ns;
    }
  }

  static Value stage_mean(const Bin& bin, const std::string& name) {
    const auto found = bin.stages.find(name);
    if (found == bin.stages.end()) return std::nullopt;
    return number(found->second.sum_ns) / number(found->second.count);
  }

  static Value call_value(const Bin& bin, const std::string& name) {
    for (const CallFigure& figure : kCallFigures) {
      if (figure.name == name) return figure.value(bin);
    }
    return std::nullopt;
  }

  const Steps& steps_;
  std::vector<Bin> bins_;
  std::map<std::int64_t, double> observed_;  // by the slot's begin
};

bool has_stage(const HistorySeries& series, const std::string& name) {
  return std::find(series.stage_names.begin(), series.stage_names.end(), name) !=
         series.stage_names.end();
}

// One line of each figure of calls: of one series, or of several together.
struct Line {
  std::string operation;
  std::string ring;
  std::vector<const HistorySeries*> series;
};

std::vector<Line> lines_of(const HistorySpan& span, const Calls& calls) {
  std::vector<Line> lines;
  if (!calls.each) lines.push_back({calls.operation, calls.ring, {}});
  for (const HistorySeries& series : span.series) {
    if (!calls.ring.empty() && series.ring != calls.ring) continue;
    if (calls.each || calls.operation.empty()) {
      if (series.event) continue;
    } else if (series.name != calls.operation) {
      continue;
    }
    if (calls.each) lines.push_back({series.name, series.ring, {}});
    lines.back().series.push_back(&series);
  }
  std::erase_if(lines, [](const Line& line) { return line.series.empty(); });
  return lines;
}

bool covers(const Line& line, const std::string& ring) {
  if (!line.ring.empty()) return ring == line.ring;
  return line.operation.empty() ||
         std::any_of(line.series.begin(), line.series.end(),
                     [&](const HistorySeries* series) { return series->ring == ring; });
}

void add_calls(const HistorySpan& span, const Steps& steps, const std::vector<ChartFigure>& figures,
               const Line& line, std::vector<std::vector<ChartSeries>>& out) {
  Bins bins(steps);
  for (const HistorySeries* series : line.series)
    bins.add(*series, !line.operation.empty() || !series->waits_for_client);
  if (line.operation.empty()) bins.forget_losses();
  for (const HistoryRing& ring : span.rings) {
    if (!covers(line, ring.ring)) continue;
    bins.observe(ring);
    if (line.operation.empty()) bins.take_losses(ring);
  }
  for (std::size_t f = 0; f < figures.size(); ++f) {
    const ChartFigure& figure = figures[f];
    if (!figure.of_calls()) continue;
    const bool there = figure.of != ChartFigure::Of::stage ||
                       std::any_of(line.series.begin(), line.series.end(),
                                   [&](const auto* one) { return has_stage(*one, figure.name); });
    if (there) out[f].push_back({figure.asked, line.operation, line.ring, bins.values(figure)});
  }
}

// Steps begin at multiples of their length, so a chart of the last hours keeps its points as time
// goes on.
Steps aligned(const HistorySpan& span, std::int64_t seconds) {
  Steps steps;
  steps.seconds = seconds;
  steps.begin_wall_s = floor_to(span.begin_wall_s, seconds);
  const std::int64_t length = std::max<std::int64_t>(span.end_wall_s - steps.begin_wall_s, 0);
  if (span.end_wall_s > span.begin_wall_s)
    steps.count = static_cast<std::size_t>((length + seconds - 1) / seconds);
  return steps;
}

std::vector<Value> gauge_values(const HistoryGauge& gauge, const Steps& steps, bool highest) {
  std::vector<Value> values(steps.count);
  for (const HistorySample& sample : gauge.samples) {
    const auto at = step_at(steps, sample.begin_wall_s);
    if (!at) continue;
    Value& value = values[*at];
    if (!highest)
      value = number(sample.last);
    else
      value = std::max(value.value_or(number(sample.max)), number(sample.max));
  }
  return values;
}

void add_gauges(const HistorySpan& span, const Steps& steps, const ChartFigure& figure,
                const std::string& ring, std::vector<ChartSeries>& out) {
  for (const HistoryGauge& gauge : span.gauges) {
    if (gauge.name != figure.name || (!ring.empty() && gauge.ring != ring)) continue;
    out.push_back({figure.asked, "", gauge.ring,
                   gauge_values(gauge, steps, figure.of == ChartFigure::Of::gauge_max)});
  }
}

}  // namespace

const std::vector<std::string>& call_figures() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const CallFigure& figure : kCallFigures) all.emplace_back(figure.name);
    return all;
  }();
  return names;
}

std::optional<ChartFigure> parse_chart_figure(const std::string& text) {
  constexpr std::pair<std::string_view, ChartFigure::Of> kKinds[] = {
      {"stage:", ChartFigure::Of::stage},
      {"gauge:", ChartFigure::Of::gauge},
      {"gauge_max:", ChartFigure::Of::gauge_max}};
  for (const auto& [prefix, of] : kKinds) {
    if (text.starts_with(prefix) && text.size() > prefix.size())
      return ChartFigure{of, text, text.substr(prefix.size())};
  }
  const std::vector<std::string>& names = call_figures();
  if (std::find(names.begin(), names.end(), text) == names.end()) return std::nullopt;
  return ChartFigure{ChartFigure::Of::calls, text, text};
}

Steps steps_of(const HistorySpan& span, std::int64_t least_seconds, std::size_t most) {
  std::int64_t slot = kMinuteS;
  for (const HistoryRing& ring : span.rings) {
    for (const HistoryRingSlot& one : ring.slots) slot = std::max<std::int64_t>(slot, one.seconds);
  }
  const auto limit = static_cast<std::int64_t>(std::max<std::size_t>(most, 1));
  const std::int64_t length = std::max<std::int64_t>(span.end_wall_s - span.begin_wall_s, 0);
  const std::int64_t least = std::max({least_seconds, (length + limit - 1) / limit, slot});
  Steps steps = aligned(span, (least + slot - 1) / slot * slot);
  // Aligned steps may be one more than fit.
  while (most > 1 && steps.count > most) steps = aligned(span, steps.seconds + slot);
  return steps;
}

std::vector<ChartSeries> figures_over_time(const HistorySpan& span, const Steps& steps,
                                           const std::vector<ChartFigure>& figures,
                                           const Calls& calls) {
  std::vector<std::vector<ChartSeries>> found(figures.size());
  const bool of_calls = std::any_of(figures.begin(), figures.end(),
                                    [](const ChartFigure& f) { return f.of_calls(); });
  if (of_calls) {
    for (const Line& line : lines_of(span, calls)) add_calls(span, steps, figures, line, found);
  }
  std::vector<ChartSeries> out;
  for (std::size_t f = 0; f < figures.size(); ++f) {
    if (!figures[f].of_calls()) add_gauges(span, steps, figures[f], calls.ring, found[f]);
    for (ChartSeries& series : found[f]) out.push_back(std::move(series));
  }
  return out;
}

}  // namespace ringside::http
