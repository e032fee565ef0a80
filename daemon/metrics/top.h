// Who stands out: the parties with the largest weight (time, or errors) in bounded memory.
//
// Space-Saving (Metwally, Agrawal, El Abbadi 2005), pruned in batches: a party that is not in the table has at
// most `floor_` behind it, so one that comes (back) starts there, and its figure is too high by at most that.
// Nothing is ever too low.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace ringside {

struct TopKey {
  std::uint8_t kind = 0;    // the wire's ActorKind or SubjectKind
  std::uint64_t id = 0;
  friend bool operator==(const TopKey&, const TopKey&) = default;
};

struct TopKeyHash {
  std::size_t operator()(const TopKey& key) const {
    // splitmix64's finisher: ids are often small and consecutive.
    std::uint64_t x = key.id + (std::uint64_t{key.kind} << 56) + 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<std::size_t>(x ^ (x >> 31));
  }
};

class TopTable {
 public:
  struct Row {
    TopKey key;
    std::uint64_t weight = 0;   // what it is ranked by
    std::uint64_t count = 0;
    std::uint64_t errors = 0;
    std::uint64_t time_ns = 0;
    std::uint64_t error_bound = 0;
  };

  // Between kKeep and 2 * kKeep parties are kept.
  static constexpr std::size_t kKeep = 512;

  void add(const TopKey& key, std::uint64_t weight, std::uint64_t count, std::uint64_t errors, std::uint64_t time_ns);
  // The `most` largest of two tables together, largest first.
  static std::vector<Row> largest(const TopTable& a, const TopTable& b, std::size_t most);
  std::size_t bytes() const { return rows_.size() * (sizeof(Row) + sizeof(TopKey) + 2 * sizeof(void*)); }

 private:
  void prune();

  std::uint64_t floor_ = 0;
  std::unordered_map<TopKey, Row, TopKeyHash> rows_;
};

}  // namespace ringside
