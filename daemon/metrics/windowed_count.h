// A count over the usual windows: in all, by slice for five minutes, by minute for an hour.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "daemon/metrics/series.h"
#include "daemon/storage/codec.h"
#include "report/model/windows.h"
#include "shm/assert.h"

namespace ringside {

// A single slice or minute stops counting at the largest `Count`.
template <typename Count>
class WindowedCount {
 public:
  // Counts what happened in `slice`, which must not be later than the present slice.
  void add(std::int64_t slice, std::int64_t now_slice, std::uint64_t n = 1) {
    // The future is in no window.
    RINGSIDE_ASSERT(slice <= now_slice);
    total_ += n;
    if (slice < Series::first_slice(Window::hour, now_slice)) return;
    count_in(fine_, slice, n);
    count_in(coarse_, Series::minute_of(slice), n);
  }
  // Counts what belongs to no window.
  void add_since_start(std::uint64_t n = 1) { total_ += n; }

  std::array<std::uint64_t, kWindows> over_windows(std::int64_t now_slice) const {
    std::array<std::uint64_t, kWindows> out{};
    out[static_cast<std::size_t>(Window::since_start)] = total_;
    for (const Window window : {Window::minute, Window::five_minutes}) {
      out[static_cast<std::size_t>(window)] =
          sum(fine_, Series::first_slice(window, now_slice), now_slice);
    }
    out[static_cast<std::size_t>(Window::hour)] =
        sum(coarse_, Series::minute_of(Series::first_slice(Window::hour, now_slice)),
            Series::minute_of(now_slice));
    return out;
  }

  // What counts in that minute, which is not older than the hour.
  std::uint64_t of_minute(std::int64_t minute) const { return sum(coarse_, minute, minute); }

  void encode(Encoder& out) const {
    out.u64(total_);
    encode_places(out, fine_);
    encode_places(out, coarse_);
  }
  void decode(Decoder& in, std::int64_t slice_shift) {
    total_ = in.u64();
    decode_places(in, fine_, slice_shift);
    decode_places(in, coarse_, slice_shift / kSlicesPerMinute);
  }

 private:
  template <std::size_t N>
  struct Places {
    std::array<std::int64_t, N> number{};
    std::array<Count, N> count{};
  };

  // Counts under `number`. Forgets an older number in the same place.
  template <std::size_t N>
  static void count_in(Places<N>& places, std::int64_t number, std::uint64_t n) {
    const std::size_t at = Series::place_of(number, N);
    if (places.number[at] > number && places.count[at] != 0) return;  // a newer number is there
    if (places.number[at] != number) {
      places.number[at] = number;
      places.count[at] = 0;
    }
    const std::uint64_t room = std::numeric_limits<Count>::max() - places.count[at];
    places.count[at] = static_cast<Count>(places.count[at] + (n < room ? n : room));
  }
  template <std::size_t N>
  static std::uint64_t sum(const Places<N>& places, std::int64_t first, std::int64_t last) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < N; ++i) {
      if (places.number[i] >= first && places.number[i] <= last) total += places.count[i];
    }
    return total;
  }
  template <std::size_t N>
  static void encode_places(Encoder& out, const Places<N>& places) {
    std::uint64_t used = 0;
    for (const Count count : places.count) used += count != 0;
    out.u64(used);
    for (std::size_t i = 0; i < N; ++i) {
      if (places.count[i] == 0) continue;
      out.i64(places.number[i]);
      out.u64(places.count[i]);
    }
  }
  template <std::size_t N>
  static void decode_places(Decoder& in, Places<N>& places, std::int64_t shift) {
    const std::uint64_t used = in.count(2, N);
    for (std::uint64_t i = 0; i < used && in.good(); ++i) {
      const std::int64_t number = add_ns(in.i64(), shift);
      const std::uint64_t count = in.u64();
      if (count > std::numeric_limits<Count>::max()) {
        in.fail();
        return;
      }
      count_in(places, number, count);
    }
  }

  std::uint64_t total_ = 0;
  Places<Series::kFine> fine_;
  Places<Series::kCoarse> coarse_;
};

}  // namespace ringside
