#include "report/analysis/judgement.h"

#include <algorithm>

#include "report/analysis/shares.h"
#include "report/model/names.h"

namespace ringside {

std::optional<Window> judged_window(const Snapshot& snapshot, const SeriesView& series) {
  const std::uint64_t min_samples = snapshot.thresholds.min_samples;
  if (snapshot.is_past()) {
    if (series.window(Window::since_start).count() < min_samples) return std::nullopt;
    return Window::since_start;
  }
  for (const Window window : {Window::minute, Window::five_minutes, Window::hour}) {
    if (series.window(window).count() >= min_samples) return window;
  }
  return std::nullopt;
}

Judgement judge_latency(const SeriesView& operation, const Thresholds& thresholds, Window window) {
  const WindowStats& stats = operation.window(window);
  Judgement judgement;
  judgement.samples = stats.timed;
  judgement.threshold =
      static_cast<double>(thresholds.response_of(operation.name, operation.declared));
  judgement.enough = stats.timed >= thresholds.min_samples && judgement.threshold > 0;
  if (judgement.enough) judgement.value = stats.quantile_ns(0.95);
  return judgement;
}

Judgement judge_errors(const std::string& operation, const WindowStats& calls,
                       const Thresholds& thresholds) {
  Judgement judgement;
  judgement.samples = calls.count();
  judgement.enough = calls.count() >= thresholds.min_samples;
  judgement.threshold = thresholds.error_percent_of(operation);
  if (judgement.enough) judgement.value = calls.error_rate() * 100;
  return judgement;
}

SeriesView sum_of_ring(const Snapshot& snapshot, const std::string& ring) {
  SeriesView sum;
  sum.ring = ring;
  const auto add = [](WindowStats& total, const WindowStats& own) {
    total.seconds = std::max(total.seconds, own.seconds);
    total.recorded += own.recorded;
    total.skipped += own.skipped;
    total.errors += own.errors;
  };
  for (const SeriesView& operation : snapshot.operations) {
    if (operation.ring != ring) continue;
    for (std::size_t w = 0; w < kWindows; ++w) add(sum.windows[w], operation.windows[w]);
    add(sum.last_5s, operation.last_5s);
    add(sum.last_15s, operation.last_15s);
  }
  return sum;
}

const ProcessView* largest_process(const Snapshot& snapshot, const std::string& ring) {
  const ProcessView* largest = nullptr;
  for (const ProcessView& process : snapshot.processes) {
    if (process.ring != ring || !process.resident_bytes) continue;
    if (largest == nullptr || *process.resident_bytes > *largest->resident_bytes)
      largest = &process;
  }
  return largest;
}

Judgement judge_memory(const ProcessView& process, const Thresholds& thresholds) {
  return {1, process.resident_bytes.has_value(),
          static_cast<double>(process.resident_bytes.value_or(0)),
          static_cast<double>(thresholds.memory_bytes)};
}

const GaugeView* connections_of(const Snapshot& snapshot, const std::string& ring) {
  for (const GaugeView& gauge : snapshot.gauges) {
    if (gauge.ring == ring && gauge.name == names::kConnections) return &gauge;
  }
  return nullptr;
}

Judgement judge_connections(const GaugeView& gauge, const Thresholds& thresholds) {
  return {1, true, static_cast<double>(gauge.value), static_cast<double>(thresholds.connections)};
}

std::uint64_t records_of(const Snapshot& snapshot, const std::string& ring, Window window) {
  std::uint64_t records = 0;
  if (snapshot.is_past()) {  // it may show one operation of many
    for (const RingView& view : snapshot.rings) {
      if (view.name == ring) records += view.books.read;
    }
    return records;
  }
  for (const auto* list : {&snapshot.operations, &snapshot.events}) {
    for (const SeriesView& series : *list) {
      if (series.ring == ring) records += series.window(window).recorded;
    }
  }
  return records;
}

Window loss_window(const Snapshot& snapshot) {
  return snapshot.is_past() ? Window::since_start : Window::minute;
}

Judgement judge_losses(const Snapshot& snapshot, const RingView& ring) {
  const Window window = loss_window(snapshot);
  const std::uint64_t lost = ring.losses.while_observed[static_cast<std::size_t>(window)];
  Judgement judgement;
  judgement.samples = lost + records_of(snapshot, ring.name, window);
  judgement.enough = judgement.samples >= snapshot.thresholds.min_samples;
  if (judgement.enough) judgement.value = share_of(lost, judgement.samples);
  return judgement;
}

}  // namespace ringside
