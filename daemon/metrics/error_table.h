// What fails: one entry for each (operation, error code, outcome), over the usual windows.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "daemon/metrics/windowed_count.h"
#include "daemon/storage/codec.h"
#include "report/model/windows.h"

namespace ringside {

class ErrorTable {
 public:
  // More kinds than this are counted together, as the operation "others".
  static constexpr std::size_t kMaxEntries = 1024;

  struct Entry {
    WindowedCount<std::uint32_t> count;
    // The latest failure: when it ended, and whose it was.
    std::int64_t last_monotonic_ns = INT64_MIN;
    std::uint8_t actor_kind = 0;
    std::uint64_t actor = 0;
  };

  // The entry that counts failures of that kind. The reference is valid until decode().
  Entry& entry(const std::string& operation, std::uint16_t code, std::uint8_t outcome);
  struct Failure {
    bool in_windows = true;                     // else it only counts since start
    std::int64_t slice = 0;
    // INT64_MIN: it ended in the future, and is never the latest.
    std::int64_t end_monotonic_ns = INT64_MIN;
    std::uint8_t actor_kind = 0;
    std::uint64_t actor = 0;
  };
  static void count(Entry& entry, const Failure& failure, std::int64_t now_slice);

  struct Row {
    std::string operation;
    std::uint16_t code;
    std::uint8_t outcome;
    std::array<std::uint64_t, kWindows> count;
    std::int64_t last_monotonic_ns;   // INT64_MIN: all ended in the future
    std::uint8_t actor_kind;
    std::uint64_t actor;
  };
  // The rows with most in the last hour first, then most since start.
  std::vector<Row> rows(std::int64_t now_slice) const;
  // Calls `each` with the operation, the code, the outcome and the count of each kind that failed
  // in that minute, which is not older than the hour. By operation, then code, then outcome.
  template <typename Each>
  void each_of_minute(std::int64_t minute, const Each& each) const {
    for (const auto& [key, entry] : entries_) {
      const std::uint64_t count = entry.count.of_minute(minute);
      if (count > 0) each(std::get<0>(key), std::get<1>(key), std::get<2>(key), count);
    }
  }
  std::size_t bytes() const;

  void encode(Encoder& out) const;
  void decode(Decoder& in, std::int64_t slice_shift);

 private:
  using Key = std::tuple<std::string, std::uint16_t, std::uint8_t>;
  std::map<Key, Entry, std::less<>> entries_;   // found without a copy of the name
};

}  // namespace ringside
