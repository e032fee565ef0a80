#include "daemon/metrics/top.h"

#include <algorithm>

namespace ringside {

void TopTable::add(const TopKey& key, std::uint64_t weight, std::uint64_t count, std::uint64_t errors,
                   std::uint64_t time_ns) {
  const auto [at, fresh] = rows_.try_emplace(key);
  Row& row = at->second;
  if (fresh) {
    row.key = key;
    row.weight = floor_;
    row.error_bound = floor_;
  }
  row.weight += weight;
  row.count += count;
  row.errors += errors;
  row.time_ns += time_ns;
  if (rows_.size() > 2 * kKeep) prune();
}

void TopTable::prune() {
  std::vector<std::uint64_t> weights;
  weights.reserve(rows_.size());
  for (const auto& [key, row] : rows_) weights.push_back(row.weight);
  const auto middle = weights.begin() + static_cast<std::ptrdiff_t>(kKeep);
  std::nth_element(weights.begin(), middle, weights.end(), std::greater<>());
  floor_ = *middle;
  // All that weigh no more than the floor go, so that nobody who stays is lighter than somebody who went.
  std::erase_if(rows_, [this](const auto& item) { return item.second.weight <= floor_; });
}

std::vector<TopTable::Row> TopTable::largest(const TopTable& a, const TopTable& b, std::size_t most) {
  std::unordered_map<TopKey, Row, TopKeyHash> sum = a.rows_;
  for (auto& [key, row] : sum) {
    if (!b.rows_.contains(key)) {
      row.weight += b.floor_;
      row.error_bound += b.floor_;
    }
  }
  for (const auto& [key, row] : b.rows_) {
    Row& into = sum[key];
    if (into.weight == 0) {
      into.key = key;
      into.weight = into.error_bound = a.floor_;
    }
    into.weight += row.weight;
    into.count += row.count;
    into.errors += row.errors;
    into.time_ns += row.time_ns;
    into.error_bound += row.error_bound;
  }
  std::vector<Row> rows;
  rows.reserve(sum.size());
  for (const auto& [key, row] : sum) rows.push_back(row);
  std::sort(rows.begin(), rows.end(), [](const Row& x, const Row& y) {
    if (x.weight != y.weight) return x.weight > y.weight;
    return x.key.id != y.key.id ? x.key.id < y.key.id : x.key.kind < y.key.kind;
  });
  if (rows.size() > most) rows.resize(most);
  return rows;
}

}  // namespace ringside
