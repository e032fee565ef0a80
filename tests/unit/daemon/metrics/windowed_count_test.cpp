// Counts over the windows, compared with an oracle that keeps everything that was counted.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/metrics/windowed_count.h"
#include "tests/support/random.h"

using namespace ringside;
using ringside::test::seed;

namespace {

using WindowCounts = std::array<std::uint64_t, kWindows>;

std::int64_t whole_minutes(std::int64_t slice) {
  return static_cast<std::int64_t>(std::floor(static_cast<double>(slice) / 12));
}

struct Counted {
  std::int64_t slice;
  std::uint64_t count;
};
// What counts since start and in no window has this slice.
constexpr std::int64_t kInNoWindow = INT64_MIN / 2;

WindowCounts windows_of(const std::vector<Counted>& all, std::int64_t now) {
  WindowCounts out{};
  for (const auto& [slice, count] : all) {
    out[0] += count;
    if (slice == kInNoWindow) continue;
    if (now - slice < 12) out[1] += count;
    if (now - slice < 60) out[2] += count;
    if (whole_minutes(now) - whole_minutes(slice) < 60) out[3] += count;
  }
  return out;
}

template <typename Count>
std::string count_bytes(const WindowedCount<Count>& count) {
  Encoder out;
  count.encode(out);
  return out.take();
}
template <typename Count>
bool count_decodes(const std::string& bytes) {
  Decoder in(bytes);
  WindowedCount<Count> count;
  count.decode(in, 0);
  return in.at_end();
}

}  // namespace

TEST_CASE("WindowedCount: every window agrees with all that was counted, over late ones, pauses and restarts") {
  std::mt19937_64 random(seed());
  for (const std::int64_t begin : {-900, 3, 1'000'000}) {
    auto count = std::make_unique<WindowedCount<std::uint32_t>>();
    std::vector<Counted> all;
    std::int64_t now = begin;
    for (int step = 0; step < 3000; ++step) {
      if (random() % 3 == 0) now += static_cast<std::int64_t>(random() % 4);
      if (random() % 60 == 0) now += static_cast<std::int64_t>(random() % 400);
      std::int64_t slice = now;
      if (random() % 4 == 0)
        slice -= static_cast<std::int64_t>(random() % (random() % 3 == 0 ? 900 : 80));
      const std::uint64_t n = 1 + (random() % 3 == 0 ? random() % 5 : 0);
      if (random() % 10 == 0) {
        count->add_since_start(n);
        all.push_back({kInNoWindow, n});
      } else {
        count->add(slice, now, n);
        all.push_back({slice, n});
      }
      if (random() % 100 == 0) {
        const std::string bytes = count_bytes(*count);
        const std::int64_t shift = 12 * (static_cast<std::int64_t>(random() % 200) - 100);
        count = std::make_unique<WindowedCount<std::uint32_t>>();
        Decoder in(bytes);
        count->decode(in, shift);
        REQUIRE(in.at_end());
        now += shift;
        for (Counted& one : all) one.slice += one.slice == kInNoWindow ? 0 : shift;
      }
      REQUIRE(count->over_windows(now) == windows_of(all, now));
    }
  }
}

TEST_CASE("WindowedCount: one is counted unless it is said how many") {
  WindowedCount<std::uint32_t> count;
  CHECK(count.over_windows(7) == WindowCounts{0, 0, 0, 0});
  count.add(7, 7);
  count.add_since_start();
  CHECK(count.over_windows(7) == WindowCounts{2, 1, 1, 1});
}

TEST_CASE("WindowedCount: a slice or minute that is full counts no further, and is saved so") {
  WindowedCount<std::uint8_t> count;
  count.add(24, 24, 200);
  count.add(24, 24, 54);
  CHECK(count.over_windows(24) == WindowCounts{254, 254, 254, 254});
  count.add(24, 24, 3);
  count.add(25, 25, 255);
  CHECK(count.over_windows(25) == WindowCounts{512, 510, 510, 255});
  count.add(26, 26, 300);
  CHECK(count.over_windows(26) == WindowCounts{812, 765, 765, 255});
  const std::string bytes = count_bytes(count);
  Decoder in(bytes);
  WindowedCount<std::uint8_t> other;
  other.decode(in, 0);
  CHECK(in.at_end());
  CHECK(other.over_windows(26) == WindowCounts{812, 765, 765, 255});
}

TEST_CASE("WindowedCount: a count has these bytes, and others are refused") {
  WindowedCount<std::uint8_t> count;
  CHECK(count_bytes(count) == std::string("\0\0\0", 3));
  count.add(5, 5, 3);
  // In all; one slice: its number as a zigzag, its count; one minute, likewise.
  const std::string bytes("\3\1\xa\3\1\0\3", 7);
  CHECK(count_bytes(count) == bytes);
  CHECK(count_decodes<std::uint8_t>(bytes));
  for (std::size_t length = 0; length < bytes.size(); ++length)
    CHECK_FALSE(count_decodes<std::uint8_t>(bytes.substr(0, length)));
  // 255 fits the smallest count, and 256 does not.
  CHECK(count_decodes<std::uint8_t>(std::string("\3\0\1\0\xff\1", 6)));
  CHECK_FALSE(count_decodes<std::uint8_t>(std::string("\3\0\1\0\x80\2", 6)));
  // All 60 slices and 61 minutes may be there, and no more.
  for (const std::uint64_t more : {0, 1}) {
    Encoder out;
    out.u64(1);
    for (const std::uint64_t size : {60 + more, std::uint64_t{61}}) {
      out.u64(size);
      for (std::uint64_t i = 0; i < size; ++i) {
        out.i64(static_cast<std::int64_t>(i));
        out.u64(1);
      }
    }
    CHECK(count_decodes<std::uint8_t>(out.take()) == (more == 0));
  }
}
