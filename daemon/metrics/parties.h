// Who takes the time and who fails: the actors (or subjects) of a ring, in bounded memory.
//
// Two things make a figure an estimate. Each of them widens the interval that is shown, in its own
// way.
//
//   Sampling. Above some rate only some records are looked at. A record that had the probability p
//   of being looked at counts 1/p times (Horvitz and Thompson 1952). That is right on average for
//   operations and for time. A failed or refused record is always looked at, so sampling leaves
//   errors and refusals exact.
//
//   Pruning. Between 2 * kKeep and 3 * kKeep parties are kept (Space-Saving, Metwally, Agrawal and
//   El Abbadi 2005, in batches). A party that enters a pruned table may have been in it before. It
//   lost at most what the largest dropped party had: `missed`. The figure shown counts from when
//   the party entered, so the true figure can only be larger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace ringside {

struct PartyKey {
  std::uint8_t kind;    // the wire's ActorKind or SubjectKind
  std::uint64_t id;
  friend bool operator==(const PartyKey&, const PartyKey&) = default;
};

struct PartyKeyHash {
  std::size_t operator()(const PartyKey& key) const {
    // splitmix64's finisher: ids are often small and consecutive.
    std::uint64_t x = key.id + (std::uint64_t{key.kind} << 56) + 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<std::size_t>(x ^ (x >> 31));
  }
};

class PartyTable {
 public:
  static constexpr std::size_t kKeep = 512;

  // A figure, and where the true one lies.
  struct Figure {
    double value, low, high;
  };
  struct Row {
    PartyKey key;
    Figure operations, errors, refused, time_ns;
    bool exact() const {
      const auto sure = [](const Figure& figure) { return figure.low == figure.high; };
      return sure(operations) && sure(errors) && sure(refused) && sure(time_ns);
    }
  };

  // Adds one operation that went well and was looked at with the given probability, 0 < probability
  // <= 1.
  void add(const PartyKey& key, double time_ns, double probability);
  // Adds one that failed or was refused. Those are always looked at.
  void add_failure(const PartyKey& key, double time_ns, bool refused);
  // From now on records may be passed over. A record that is passed over would have counted, had it
  // been looked at, for at most this many operations and this much time. The intervals need these
  // bounds.
  void expect_sampling(double most_operations, double most_time_ns);

  enum class By { time, failures };
  // The `most` largest parties of two tables together, largest first. Parties with nothing are left
  // out.
  static std::vector<Row> largest(const PartyTable& a, const PartyTable& b, By by,
                                  std::size_t most);
  std::size_t bytes() const;

 private:
  // What a party had at most before it was dropped.
  struct Missed {
    double operations = 0, errors = 0, refused = 0, time_ns = 0;
  };
  // A sum of sampled values, each divided by its probability.
  struct Sum {
    double estimate = 0;
    double variance = 0;
    double counted = 0;      // not divided: the true figure is at least this
    void add(double value, double probability);
    void add(const Sum& other);
    Figure figure(double most, double missed) const;
  };
  struct Entry {
    Sum operations, time_ns;
    double errors = 0, refused = 0;
    Missed missed;
  };
  using Entries = std::unordered_map<PartyKey, Entry, PartyKeyHash>;

  Entry& entry(const PartyKey& key);
  void prune();
  Row row(const PartyKey& key, const Entry& entry) const;

  Entries entries_;
  Missed floor_;                  // `missed` of a party that enters
  double most_operations_ = 0;    // see expect_sampling(); 0 while everything was looked at
  double most_time_ns_ = 0;
};

}  // namespace ringside
