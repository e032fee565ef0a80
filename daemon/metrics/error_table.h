// What fails: one entry for each (operation, error code, outcome), over the usual windows.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "daemon/storage/codec.h"
#include "daemon/metrics/slices.h"
#include "report/model/windows.h"

namespace ringside {

class ErrorTable {
 public:
  // More kinds than this are counted together, as the operation "others".
  static constexpr std::size_t kMaxEntries = 1024;

  static constexpr std::size_t kFine = 60;
  static constexpr std::size_t kCoarse = 61;
  struct Entry {
    std::uint64_t total = 0;
    std::array<std::int64_t, kFine> fine_slice{};
    std::array<std::uint32_t, kFine> fine{};
    std::array<std::int64_t, kCoarse> coarse_minute{};
    std::array<std::uint32_t, kCoarse> coarse{};
    std::int64_t last_monotonic_ns = INT64_MIN;
    std::uint8_t actor_kind = 0;
    std::uint64_t actor = 0;
  };

  // Where failures of that kind are counted; stays where it is until decode().
  Entry& entry(const std::string& operation, std::uint16_t code, std::uint8_t outcome);
  static void count(Entry& entry, std::int64_t slice, std::int64_t now_slice, std::int64_t end_monotonic_ns,
                    std::uint8_t actor_kind, std::uint64_t actor);

  struct Row {
    std::string operation;
    std::uint16_t code = 0;
    std::uint8_t outcome = 0;
    std::array<std::uint64_t, kWindows> count{};
    std::int64_t last_monotonic_ns = 0;
    std::uint8_t actor_kind = 0;
    std::uint64_t actor = 0;
  };
  // Most in the last hour first, then most since start.
  std::vector<Row> rows(std::int64_t now_slice) const;

  void encode(Encoder& out) const;
  void decode(Decoder& in, std::int64_t slice_shift);

 private:
  using Key = std::tuple<std::string, std::uint16_t, std::uint8_t>;
  std::map<Key, Entry> entries_;
};

}  // namespace ringside
