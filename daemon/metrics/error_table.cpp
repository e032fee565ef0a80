#include "daemon/metrics/error_table.h"

#include <algorithm>

#include "daemon/metrics/series.h"

namespace ringside {

namespace {

// Counts under `number` in a ring of counters, forgetting what stood in that place.
template <std::size_t N>
void count_in(std::array<std::int64_t, N>& numbers, std::array<std::uint32_t, N>& counts, std::int64_t number) {
  const auto modulus = static_cast<std::int64_t>(N);
  const auto at = static_cast<std::size_t>(((number % modulus) + modulus) % modulus);
  if (numbers[at] > number && counts[at] != 0) return;   // late, and its place is taken by what is newer
  if (numbers[at] != number) {
    numbers[at] = number;
    counts[at] = 0;
  }
  if (counts[at] != UINT32_MAX) ++counts[at];
}

template <std::size_t N>
std::uint64_t sum_since(const std::array<std::int64_t, N>& numbers, const std::array<std::uint32_t, N>& counts,
                        std::int64_t first, std::int64_t last) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < N; ++i) {
    if (numbers[i] >= first && numbers[i] <= last) total += counts[i];
  }
  return total;
}

std::int64_t minute_of(std::int64_t slice) {
  return slice >= 0 ? slice / kSlicesPerMinute : (slice - kSlicesPerMinute + 1) / kSlicesPerMinute;
}

}  // namespace

ErrorTable::Entry& ErrorTable::entry(const std::string& operation, std::uint16_t code, std::uint8_t outcome) {
  Key key{operation, code, outcome};
  auto at = entries_.find(key);
  if (at == entries_.end()) {
    if (entries_.size() >= kMaxEntries) key = {"others", 0, 1};
    at = entries_.try_emplace(std::move(key)).first;
  }
  return at->second;
}

void ErrorTable::count(Entry& entry, std::int64_t slice, std::int64_t now_slice, std::int64_t end_monotonic_ns,
                       std::uint8_t actor_kind, std::uint64_t actor) {
  ++entry.total;
  if (slice <= now_slice) {
    count_in(entry.fine_slice, entry.fine, slice);
    count_in(entry.coarse_minute, entry.coarse, minute_of(slice));
  }
  if (end_monotonic_ns >= entry.last_monotonic_ns) {
    entry.last_monotonic_ns = end_monotonic_ns;
    entry.actor_kind = actor_kind;
    entry.actor = actor;
  }
}

std::vector<ErrorTable::Row> ErrorTable::rows(std::int64_t now_slice) const {
  std::vector<Row> rows;
  rows.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) {
    Row row;
    std::tie(row.operation, row.code, row.outcome) = key;
    row.count[static_cast<std::size_t>(Window::since_start)] = entry.total;
    row.count[static_cast<std::size_t>(Window::minute)] =
        sum_since(entry.fine_slice, entry.fine, Series::first_slice(Window::minute, now_slice), now_slice);
    row.count[static_cast<std::size_t>(Window::five_minutes)] =
        sum_since(entry.fine_slice, entry.fine, Series::first_slice(Window::five_minutes, now_slice), now_slice);
    row.count[static_cast<std::size_t>(Window::hour)] = sum_since(
        entry.coarse_minute, entry.coarse, minute_of(Series::first_slice(Window::hour, now_slice)), minute_of(now_slice));
    row.last_monotonic_ns = entry.last_monotonic_ns;
    row.actor_kind = entry.actor_kind;
    row.actor = entry.actor;
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    const auto hour = static_cast<std::size_t>(Window::hour);
    if (a.count[hour] != b.count[hour]) return a.count[hour] > b.count[hour];
    if (a.count[0] != b.count[0]) return a.count[0] > b.count[0];
    return std::tie(a.operation, a.code, a.outcome) < std::tie(b.operation, b.code, b.outcome);
  });
  return rows;
}

void ErrorTable::encode(Encoder& out) const {
  out.u64(entries_.size());
  for (const auto& [key, entry] : entries_) {
    out.text(std::get<0>(key));
    out.u64(std::get<1>(key));
    out.u64(std::get<2>(key));
    out.u64(entry.total);
    const auto ring = [&out](const auto& numbers, const auto& counts) {
      std::uint64_t used = 0;
      for (const std::uint32_t count : counts) used += count != 0;
      out.u64(used);
      for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] == 0) continue;
        out.u64(i);
        out.i64(numbers[i]);
        out.u64(counts[i]);
      }
    };
    ring(entry.fine_slice, entry.fine);
    ring(entry.coarse_minute, entry.coarse);
    out.i64(entry.last_monotonic_ns);
    out.u64(entry.actor_kind);
    out.u64(entry.actor);
  }
}

void ErrorTable::decode(Decoder& in, std::int64_t slice_shift) {
  const std::uint64_t size = in.count(8, 4 * kMaxEntries);
  for (std::uint64_t n = 0; n < size && in.good(); ++n) {
    std::string operation = in.text();
    const auto code = static_cast<std::uint16_t>(in.u64());
    const auto outcome = static_cast<std::uint8_t>(in.u64() % kOutcomeCount);
    Entry entry;
    entry.total = in.u64();
    const auto ring = [&in](auto& numbers, auto& counts, std::int64_t shift) {
      const std::uint64_t used = in.count(3, counts.size());
      for (std::uint64_t i = 0; i < used; ++i) {
        const std::uint64_t at = in.u64();
        const std::int64_t number = add_ns(in.i64(), shift);
        const std::uint64_t count = in.u64();
        if (at >= counts.size() || count > UINT32_MAX) {
          in.fail();
          return;
        }
        numbers[at] = number;
        counts[at] = static_cast<std::uint32_t>(count);
      }
    };
    ring(entry.fine_slice, entry.fine, slice_shift);
    ring(entry.coarse_minute, entry.coarse, slice_shift / kSlicesPerMinute);
    entry.last_monotonic_ns = add_ns(in.i64(), slice_shift * kSliceNs);
    entry.actor_kind = static_cast<std::uint8_t>(in.u64());
    entry.actor = in.u64();
    entries_.insert_or_assign(Key{std::move(operation), code, outcome}, entry);
  }
}

}  // namespace ringside
