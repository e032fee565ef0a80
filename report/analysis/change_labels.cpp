// What change points are made from, and what they follow.
#include "report/analysis/change_points.h"
#include "report/analysis/operation_watch.h"

namespace ringside {

namespace {

// The later one. A deploy says more than the start that comes with it.
bool explains_better(const HistoryMark& mark, const HistoryMark& than) {
  if (mark.wall_ns != than.wall_ns) return mark.wall_ns > than.wall_ns;
  return than.kind != HistoryMark::Kind::deploy;
}

}  // namespace

void label_changes(std::vector<ChangePoint>& changes, const std::vector<HistoryMark>& marks,
                   std::int64_t slot_s) {
  for (ChangePoint& change : changes) {
    const std::int64_t from = (change.begin_wall_s - slot_s) * 1'000'000'000;
    const std::int64_t until = (change.begin_wall_s + slot_s) * 1'000'000'000;
    for (const HistoryMark& mark : marks) {
      const bool explains = mark.kind == HistoryMark::Kind::server_start ||
                            mark.kind == HistoryMark::Kind::deploy ||
                            mark.kind == HistoryMark::Kind::reload;
      if (!explains || mark.wall_ns < from || mark.wall_ns >= until) continue;
      if (!change.follows || explains_better(mark, *change.follows)) change.follows = mark;
    }
  }
}

std::vector<LevelPoint> levels_of(const HistorySeries& series, double q, std::int64_t slot_s,
                                  std::uint64_t calls) {
  std::vector<LevelPoint> points;
  Histogram latency;
  std::int64_t begin = 0;
  const auto end_slot = [&] {
    if (!latency.buckets.empty() && latency.count() >= calls)
      points.push_back({begin, smooth_quantile_ns(latency, q)});
    latency = {};
  };
  for (const HistorySlot& slot : series.slots) {
    const std::int64_t its = slot.begin_wall_s - slot.begin_wall_s % slot_s;
    if (its != begin) end_slot();
    begin = its;
    latency.merge(slot.latency);
  }
  end_slot();
  return points;
}

}  // namespace ringside
