#include "tools/ringside/top/model.h"

#include <algorithm>

#include "report/model/outcome.h"
#include "shm/layout.h"

namespace ringside::tool::top {

namespace {

std::int64_t slice_at(std::int64_t ns) {
  return ns / kSlicePartNs - (ns % kSlicePartNs < 0 ? 1 : 0);
}
// The begin of a slice. That of the first and of the last one that a clock can be in saturates.
std::int64_t begin_of(std::int64_t slice) {
  std::int64_t ns = 0;
  if (!__builtin_mul_overflow(slice, kSlicePartNs, &ns)) return ns;
  return slice < 0 ? INT64_MIN : INT64_MAX;
}
bool models_operation(const Record& record) {
  return record.kind == static_cast<std::uint8_t>(Kind::operation);
}
bool longer(const Seen& a, const Seen& b) { return a.record.duration > b.record.duration; }
// A recording is another program's file: its lanes may have any number.
constexpr std::uint32_t kMostLanes = 1 << 16;

}  // namespace

Model::Model() : series_(kIdCount) {}

void Model::set_rate(const TickScale& scale) {
  units_ = UnitScale::of(scale.ticks_per_second());
  ns_per_tick_ = 1e9 / scale.ticks_per_second();
}

void Model::count_lane(const Seen& seen) {
  if (seen.lane >= kMostLanes) return;
  if (seen.lane >= lanes_.size()) lanes_.resize(seen.lane + std::size_t{1});
  Lane& lane = lanes_[seen.lane];
  if (lane.read == 0) lane.first = lane.highest = seen.position;
  lane.first = std::min(lane.first, seen.position);
  lane.highest = std::max(lane.highest, seen.position);
  ++lane.read;
}

void Model::count(const Seen& seen, const TickScale& scale) {
  const Record& record = seen.record;
  if (slice_ == kNever || static_cast<std::int64_t>(record.end() - slice_end_ticks_) >= 0)
    roll(std::min(scale.monotonic_ns(record.end()), limit_ns_), scale);
  if (seen.lane < lanes_.size()) ++lanes_[seen.lane].counts[place(slice_)];
  std::unique_ptr<Series>& slot = series_[record.operation & (kIdCount - 1)];
  if (slot == nullptr) slot = std::make_unique<Series>();
  Series& series = *slot;
  ++series.total;
  series.current.add(record, units_);
  if (series.recent.size() < kRecentCalls) {
    series.recent.push_back(seen);
  } else {
    series.recent[series.next_recent] = seen;
  }
  series.next_recent = (series.next_recent + 1) % kRecentCalls;
  if ((record.flags & kFlagUntimed) == 0) {
    std::vector<Seen>& worst = series.worst;
    if (worst.size() < kWorstCalls) {
      worst.push_back(seen);
      std::push_heap(worst.begin(), worst.end(), longer);
    } else if (record.duration > worst.front().record.duration) {
      std::pop_heap(worst.begin(), worst.end(), longer);
      worst.back() = seen;
      std::push_heap(worst.begin(), worst.end(), longer);
    }
  }
  if (record.outcome != 0) count_error(seen);
  if (models_operation(record)) count_actor(record);
}

void Model::count_error(const Seen& seen) {
  const Record& record = seen.record;
  const std::uint64_t key = ErrorKey{record.operation, record.error, record.outcome}.packed();
  ErrorSlice& slice = errors_[place(slice_)];
  const auto at = std::find_if(slice.counts.begin(), slice.counts.end(),
                               [&](const auto& one) { return one.first == key; });
  if (at != slice.counts.end()) {
    ++at->second;
  } else if (slice.counts.size() < kErrorKinds) {
    slice.counts.emplace_back(key, 1);
  } else {
    ++slice.others;
    return;
  }
  const auto last = last_errors_.find(key);
  if (last != last_errors_.end()) {
    last->second = seen;
    return;
  }
  if (last_errors_.size() >= kLastErrors) last_errors_.clear();
  last_errors_.emplace(key, seen);
}

void Model::count_actor(const Record& record) {
  const ActorKind kind = record.actor_kind();
  if (kind == ActorKind::none) return;
  const PartyKey key{static_cast<std::uint8_t>(kind), record.actor};
  const bool timed = (record.flags & kFlagUntimed) == 0 && record.duration > 0;
  const std::uint64_t ticks =
      timed ? std::min(static_cast<std::uint64_t>(record.duration), units_.max_ticks) : 0;
  const double ns = static_cast<double>(ticks) * ns_per_tick_;
  const RecordOutcome outcome = outcome_from(record.outcome);
  if (is_failure(outcome) || is_refusal(outcome)) {
    actors_.add_failure(key, ns, is_refusal(outcome));
    return;
  }
  // At 100,000 records a second of 5,000 users, all of them would cost more than all the rest.
  if (!sampler_.looks_at(ticks)) return;
  const double probability = sampler_.looked_at(ticks);
  if (sampler_.passes_over())
    actors_.expect_sampling(sampler_.most_operations(), sampler_.most_ticks() * ns_per_tick_);
  actors_.add(key, ns, probability);
}

void Model::roll(std::int64_t ns, const TickScale& scale) {
  const std::int64_t to = slice_at(ns);
  if (slice_ == kNever) {
    former_since_ns_ = actors_since_ns_ = ns;
    slice_ = to;
    now_ns_ = ns;
  }
  now_ns_ = std::max(now_ns_, ns);
  if (to > slice_) {
    for (auto& series : series_) {
      if (series == nullptr || series->current.empty()) continue;
      Kept& kept = series->kept[place(slice_)];
      kept.number = slice_;
      kept.stats = StoredSlice::of(series->current, scale);
      kept.worst.swap(series->worst);
      series->worst.clear();
      series->current.clear();
    }
    // Slices without records have nothing stored, so those of a minute ago must go.
    const std::int64_t first =
        std::max(slice_ + 1, to - static_cast<std::int64_t>(kKeptSlices) + 1);
    for (std::int64_t slice = first; slice <= to; ++slice) {
      errors_[place(slice)].counts.clear();
      errors_[place(slice)].others = 0;
      for (Lane& lane : lanes_) lane.counts[place(slice)] = 0;
    }
    slice_ = to;
    const std::int64_t since_ns = subtract_ns(ns, actors_since_ns_);
    if (since_ns >= 60 * kSecondNs) {
      // After a long silence the former minute is over, too.
      former_actors_ = since_ns < 120 * kSecondNs ? std::move(actors_) : PartyTable();
      former_since_ns_ = since_ns < 120 * kSecondNs ? actors_since_ns_ : ns;
      actors_ = {};
      sampler_.restart();
      actors_since_ns_ = ns;
    }
  }
  slice_end_ticks_ = scale.ticks_from_ns(begin_of(slice_ + 1));
}

void Model::advance(std::int64_t now_ns, const TickScale& scale) {
  if (slice_ == kNever || now_ns > now_ns_) roll(now_ns, scale);
}

std::int64_t Model::first_of(std::int64_t window_s) const {
  const std::int64_t first = slice_ - window_s * (kSecondNs / kSlicePartNs);
  if (observed_ns_ == kNever) return first;
  return std::min(slice_, std::max(first, slice_at(observed_ns_)));
}

double Model::seconds(std::int64_t window_s) const {
  if (slice_ == kNever) return 0;
  const std::int64_t from = std::max(begin_of(first_of(window_s)), observed_ns_);
  return static_cast<double>(std::max<std::int64_t>(0, subtract_ns(now_ns_, from))) / 1e9;
}

WindowStats Model::window(std::uint16_t id, std::int64_t window_s, const TickScale& scale) const {
  static thread_local WindowSum sum;
  sum.clear();
  if (has(id)) {
    const Series& series = *series_[id];
    const std::int64_t first = first_of(window_s);
    for (const Kept& kept : series.kept)
      if (kept.number >= first && kept.number < slice_) sum.add(kept.stats);
    sum.add(StoredSlice::of(series.current, scale));
  }
  return sum.finish(seconds(window_s));
}

std::vector<double> Model::trend(std::uint16_t id, std::size_t points) const {
  std::vector<double> out(points, 0.0);
  constexpr std::int64_t kPerSecond = kSecondNs / kSlicePartNs;
  const auto add = [&](const Series& series) {
    for (const Kept& kept : series.kept) {
      // The slice being filled would always look like a fall.
      if (kept.number >= slice_ || kept.number < first_of(60)) continue;
      const auto ago = static_cast<std::size_t>((slice_ - 1 - kept.number) / kPerSecond);
      if (ago < points) out[points - 1 - ago] += static_cast<double>(kept.stats.recorded());
    }
  };
  for (std::uint16_t one = 0; one < series_.size(); ++one) {
    if (series_[one] == nullptr) continue;
    if (one == id || id == kIdCount) add(*series_[one]);
  }
  return out;
}

std::vector<Seen> Model::recent(std::uint16_t id) const {
  if (!has(id)) return {};
  const Series& series = *series_[id];
  std::vector<Seen> out;
  const std::size_t size = series.recent.size();
  for (std::size_t i = 1; i <= size; ++i)
    out.push_back(series.recent[(series.next_recent + kRecentCalls - i) % kRecentCalls]);
  return out;
}

std::vector<Seen> Model::worst(std::uint16_t id, std::int64_t window_s) const {
  if (!has(id)) return {};
  const Series& series = *series_[id];
  std::vector<Seen> out = series.worst;
  const std::int64_t first = first_of(window_s);
  for (const Kept& kept : series.kept)
    if (kept.number >= first && kept.number < slice_)
      out.insert(out.end(), kept.worst.begin(), kept.worst.end());
  std::stable_sort(out.begin(), out.end(), longer);
  if (out.size() > kWorstCalls) out.resize(kWorstCalls);
  return out;
}

std::uint64_t Model::total(std::uint16_t id) const { return has(id) ? series_[id]->total : 0; }

LaneCounts Model::lane(std::uint32_t lane, std::int64_t window_s) const {
  LaneCounts out;
  if (lane >= lanes_.size() || lanes_[lane].read == 0) return out;
  const Lane& one = lanes_[lane];
  out.read = one.read;
  const std::uint64_t passed = one.highest - one.first + 1;
  out.missed = passed > one.read ? passed - one.read : 0;
  if (slice_ == kNever) return out;
  std::uint64_t counted = 0;
  for (std::int64_t slice = first_of(window_s); slice <= slice_; ++slice)
    counted += one.counts[place(slice)];
  const double covered = seconds(window_s);
  out.rate = covered > 0 ? static_cast<double>(counted) / covered : 0;
  return out;
}

std::vector<ErrorCount> Model::errors(std::int64_t window_s) const {
  std::unordered_map<std::uint64_t, std::uint64_t> sums;
  if (slice_ == kNever) return {};
  for (std::int64_t slice = first_of(window_s); slice <= slice_; ++slice)
    for (const auto& one : errors_[place(slice)].counts) sums[one.first] += one.second;
  std::vector<ErrorCount> out;
  for (const auto& one : sums) {
    const auto last = last_errors_.find(one.first);
    out.push_back(
        {ErrorKey::of(one.first), one.second, last != last_errors_.end() ? last->second : Seen{}});
  }
  std::sort(out.begin(), out.end(), [](const ErrorCount& a, const ErrorCount& b) {
    if (a.count != b.count) return a.count > b.count;
    return a.key.packed() < b.key.packed();
  });
  return out;
}

std::uint64_t Model::other_errors(std::int64_t window_s) const {
  std::uint64_t sum = 0;
  if (slice_ == kNever) return sum;
  for (std::int64_t slice = first_of(window_s); slice <= slice_; ++slice)
    sum += errors_[place(slice)].others;
  return sum;
}

std::vector<PartyTable::Row> Model::actors(PartyTable::By by, std::size_t most) const {
  return PartyTable::largest(former_actors_, actors_, by, most);
}

std::int64_t Model::actors_since_ns() const { return former_since_ns_; }

}  // namespace ringside::tool::top
