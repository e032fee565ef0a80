// Logins in vain of the last hour (failed, of a rejected token, turned away because the address was
// blocked), by whom they came from (addresses) and by whom they were meant for (accounts). Bounded:
// with more parties than kMost, the one that has failed least within the hour makes room, of equals
// the one that failed longest ago.
//
// An entry counts the last minute by slices of 5 s, and the last hour by minutes. How many others
// an entry had to do with (accounts that an address tried, addresses that tried an account) is
// estimated by linear counting (Whang, Vander-Zanden and Taylor 1990) in a map of 64 bits for each
// half hour: within one or two up to 20, and at most 266.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "daemon/storage/codec.h"

namespace ringside {

class LoginFailures {
 public:
  static constexpr std::size_t kMost = 512;

  struct Row {
    std::uint64_t id = 0;
    std::uint64_t minute = 0;
    std::uint64_t hour = 0;
    std::uint64_t others = 0;
    std::int64_t since_ns = 0;  // CLOCK_MONOTONIC; when it began to fail, after an hour without
    std::int64_t last_ns = 0;
  };

  // One failure of `id`, which ended in `slice`. `other` is the other party, 0 if it is not known.
  // `slice` must not be later than the present slice.
  void add(std::uint64_t id, std::uint64_t other, std::int64_t end_ns, std::int64_t slice);

  // At most `most` rows, those with most failures in the hour before `now_slice` first. Parties
  // without any are left out.
  std::vector<Row> largest(std::int64_t now_slice, std::size_t most) const;
  std::size_t bytes() const;

  void encode(Encoder& out) const;
  // Instants move by `slice_shift` slices.
  void decode(Decoder& in, std::int64_t slice_shift);

 private:
  static constexpr std::int64_t kFine = 12;    // slices of a minute
  static constexpr std::int64_t kCoarse = 60;  // minutes of an hour
  struct Entry {
    std::int64_t newest = 0;  // the latest slice that was counted
    std::int64_t since_ns = 0, last_ns = 0;
    std::array<std::uint16_t, kFine> slices{};
    std::array<std::uint16_t, kCoarse> minutes{};
    // Of the half hour of `newest`, and of the one before.
    std::array<std::uint64_t, 2> others{};
  };
  static void roll(Entry& entry, std::int64_t slice);
  static Row row(std::uint64_t id, Entry entry, std::int64_t now_slice);
  void make_room(std::int64_t now_slice);

  std::unordered_map<std::uint64_t, Entry> entries_;
};

}  // namespace ringside
