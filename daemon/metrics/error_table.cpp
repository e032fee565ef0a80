#include "daemon/metrics/error_table.h"

#include <algorithm>

#include "daemon/metrics/series.h"

namespace ringside {

ErrorTable::Entry& ErrorTable::entry(const std::string& operation, std::uint16_t code,
                                     std::uint8_t outcome) {
  const auto at = entries_.find(std::tie(operation, code, outcome));
  if (at != entries_.end()) return at->second;
  Key key{operation, code, outcome};
  if (entries_.size() >= kMaxEntries) key = {"others", 0, 1};
  return entries_.try_emplace(std::move(key)).first->second;
}

void ErrorTable::count(Entry& entry, const Failure& failure, std::int64_t now_slice) {
  if (failure.in_windows) {
    entry.count.add(failure.slice, now_slice);
  } else {
    entry.count.add_since_start();
  }
  if (failure.end_monotonic_ns != INT64_MIN &&
      failure.end_monotonic_ns >= entry.last_monotonic_ns) {
    entry.last_monotonic_ns = failure.end_monotonic_ns;
    entry.actor_kind = failure.actor_kind;
    entry.actor = failure.actor;
  }
}

std::vector<ErrorTable::Row> ErrorTable::rows(std::int64_t now_slice) const {
  std::vector<Row> rows;
  rows.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) {
    Row row;
    std::tie(row.operation, row.code, row.outcome) = key;
    row.count = entry.count.over_windows(now_slice);
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

std::size_t ErrorTable::bytes() const {
  return entries_.size() * (sizeof(Key) + sizeof(Entry) + 4 * sizeof(void*));
}

void ErrorTable::encode(Encoder& out) const {
  out.u64(entries_.size());
  for (const auto& [key, entry] : entries_) {
    out.text(std::get<0>(key));
    out.u64(std::get<1>(key));
    out.u64(std::get<2>(key));
    entry.count.encode(out);
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
    entry.count.decode(in, slice_shift);
    entry.last_monotonic_ns = in.i64();
    if (entry.last_monotonic_ns != INT64_MIN) {
      entry.last_monotonic_ns = add_ns(entry.last_monotonic_ns, slice_shift * kSliceNs);
    }
    entry.actor_kind = static_cast<std::uint8_t>(in.u64());
    entry.actor = in.u64();
    entries_.insert_or_assign(Key{std::move(operation), code, outcome}, entry);
  }
}

}  // namespace ringside
