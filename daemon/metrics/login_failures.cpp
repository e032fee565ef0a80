#include "daemon/metrics/login_failures.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "daemon/metrics/parties.h"
#include "daemon/metrics/series.h"
#include "shm/clock.h"

namespace ringside {
namespace {

// The half hour of a slice. Slices from before a reboot are negative.
std::int64_t half_of(std::int64_t slice) {
  constexpr std::int64_t kMinutesPerHalf = 30;
  const std::int64_t minute = Series::minute_of(slice);
  return minute / kMinutesPerHalf - (minute % kMinutesPerHalf < 0 ? 1 : 0);
}

std::size_t place(std::int64_t number, std::int64_t places) {
  return Series::place_of(number, static_cast<std::size_t>(places));
}

void count_one(std::uint16_t& count) {
  if (count < std::numeric_limits<std::uint16_t>::max()) ++count;
}

std::uint64_t bit_of(std::uint64_t other) {
  return std::uint64_t{1} << (PartyKeyHash{}({0, other}) >> 58);
}

std::uint64_t distinct(std::uint64_t bits) {
  const int zeros = 64 - std::popcount(bits);
  return static_cast<std::uint64_t>(std::llround(64 * std::log(64.0 / std::max(zeros, 1))));
}

}  // namespace

// Forgets what is too old when `slice` is the latest.
void LoginFailures::roll(Entry& entry, std::int64_t slice) {
  if (slice <= entry.newest) return;
  const std::int64_t first = std::max(entry.newest + 1, slice - kFine + 1);
  for (std::int64_t n = first; n <= slice; ++n) entry.slices[place(n, kFine)] = 0;
  const std::int64_t minute = Series::minute_of(slice);
  const std::int64_t minute_from =
      std::max(Series::minute_of(entry.newest) + 1, minute - kCoarse + 1);
  for (std::int64_t n = minute_from; n <= minute; ++n) entry.minutes[place(n, kCoarse)] = 0;
  const std::int64_t halves = half_of(slice) - half_of(entry.newest);
  entry.newest = slice;
  if (halves == 0) return;
  entry.others[1] = halves == 1 ? entry.others[0] : 0;
  entry.others[0] = 0;
}

void LoginFailures::add(std::uint64_t id, std::uint64_t other, std::int64_t end_ns,
                        std::int64_t slice) {
  auto at = entries_.find(id);
  if (at == entries_.end()) {
    if (entries_.size() >= kMost) make_room(slice);
    Entry fresh;
    fresh.newest = slice;
    fresh.since_ns = fresh.last_ns = end_ns;
    at = entries_.emplace(id, fresh).first;
  }
  Entry& entry = at->second;
  roll(entry, slice);
  if (row(id, entry, slice).hour == 0) entry.since_ns = end_ns;
  entry.last_ns = std::max(entry.last_ns, end_ns);
  if (slice > entry.newest - kFine) count_one(entry.slices[place(slice, kFine)]);
  const std::int64_t minute = Series::minute_of(slice);
  if (minute > Series::minute_of(entry.newest) - kCoarse)
    count_one(entry.minutes[place(minute, kCoarse)]);
  if (other != 0) entry.others[0] |= bit_of(other);
}

LoginFailures::Row LoginFailures::row(std::uint64_t id, Entry entry, std::int64_t now_slice) {
  roll(entry, now_slice);
  const auto sum = [](const auto& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  };
  return {id,
          sum(entry.slices),
          sum(entry.minutes),
          distinct(entry.others[0] | entry.others[1]),
          entry.since_ns,
          entry.last_ns};
}

void LoginFailures::make_room(std::int64_t now_slice) {
  auto least = entries_.begin();
  Row least_row = row(least->first, least->second, now_slice);
  for (auto at = std::next(entries_.begin()); at != entries_.end(); ++at) {
    const Row one = row(at->first, at->second, now_slice);
    if (std::tie(one.hour, one.last_ns, one.id) <
        std::tie(least_row.hour, least_row.last_ns, least_row.id)) {
      least = at;
      least_row = one;
    }
  }
  entries_.erase(least);
}

std::vector<LoginFailures::Row> LoginFailures::largest(std::int64_t now_slice,
                                                       std::size_t most) const {
  std::vector<Row> rows;
  for (const auto& [id, entry] : entries_) {
    const Row one = row(id, entry, now_slice);
    if (one.hour > 0) rows.push_back(one);
  }
  const std::size_t kept = std::min(most, rows.size());
  std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(kept), rows.end(),
                    [](const Row& a, const Row& b) {
                      return std::tie(b.hour, b.last_ns, a.id) < std::tie(a.hour, a.last_ns, b.id);
                    });
  rows.resize(kept);
  return rows;
}

std::size_t LoginFailures::bytes() const {
  return entries_.size() * (sizeof(std::pair<const std::uint64_t, Entry>) + 2 * sizeof(void*));
}

void LoginFailures::encode(Encoder& out) const {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, entry] : entries_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  out.u64(ids.size());
  const auto put = [&](const auto& counts) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] == 0) continue;
      out.u64(i + 1);
      out.u64(counts[i]);
    }
    out.u64(0);
  };
  for (const std::uint64_t id : ids) {
    const Entry& entry = entries_.at(id);
    out.u64(id);
    out.i64(entry.newest);
    out.i64(entry.since_ns);
    out.i64(entry.last_ns);
    put(entry.slices);
    put(entry.minutes);
    for (const std::uint64_t bits : entry.others) out.raw(&bits, sizeof bits);
  }
}

void LoginFailures::decode(Decoder& in, std::int64_t slice_shift) {
  const std::int64_t shift_ns = slice_shift * kSliceNs;
  for (std::uint64_t n = in.count(22, kMost); n > 0 && in.good(); --n) {
    const std::uint64_t id = in.u64();
    Entry entry;
    entry.newest = add_ns(in.i64(), slice_shift);
    entry.since_ns = add_ns(in.i64(), shift_ns);
    entry.last_ns = add_ns(in.i64(), shift_ns);
    // Numbers move with the clock, and so do places. A shift that is not of whole minutes moves
    // some counts by a minute more.
    const auto take = [&](auto& counts, std::int64_t shift) {
      for (std::uint64_t at = in.below(counts.size() + 1); at != 0 && in.good();
           at = in.below(counts.size() + 1)) {
        const std::int64_t moved = add_ns(static_cast<std::int64_t>(at - 1), shift);
        counts[place(moved, static_cast<std::int64_t>(counts.size()))] =
            static_cast<std::uint16_t>(in.below(65536));
      }
    };
    take(entry.slices, slice_shift);
    take(entry.minutes, slice_shift / kSlicesPerMinute);
    for (std::uint64_t& bits : entry.others) in.raw(&bits, sizeof bits);
    // Far beyond any clock, and near enough that nothing overflows.
    constexpr std::int64_t kMostSlice = std::int64_t{1} << 60;
    if (entry.newest < -kMostSlice || entry.newest > kMostSlice) in.fail();
    if (in.good()) entries_[id] = entry;
  }
}

}  // namespace ringside
