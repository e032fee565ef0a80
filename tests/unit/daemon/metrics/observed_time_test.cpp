// The observed time, compared with a line of seconds of which each was observed or not.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "daemon/metrics/observed_time.h"
#include "tests/support/random.h"

using namespace ringside;
using ringside::test::seed;

namespace {

constexpr std::int64_t kOne = 1'000'000'000;  // second

std::string observed_bytes(const ObservedTime& time) {
  Encoder out;
  time.encode(out);
  return out.take();
}
bool observed_decodes(const std::vector<std::int64_t>& numbers, std::uint64_t spans) {
  Encoder out;
  out.i64(0);
  out.u64(spans);
  for (const std::int64_t n : numbers) out.i64(n);
  const std::string bytes = out.take();
  Decoder in(bytes);
  ObservedTime time;
  time.decode(in, 0);
  return in.at_end();
}

}  // namespace

TEST_CASE("ObservedTime: its seconds are those of a line on which each second was observed or not") {
  std::mt19937_64 random(seed());
  for (int round = 0; round < 40; ++round) {
    auto time = std::make_unique<ObservedTime>();
    std::vector<bool> seen(3000);
    bool going_on = false;
    std::int64_t begin = INT64_MIN;  // of the latest span; seconds
    std::int64_t until = 0;
    std::int64_t now = 10;
    CHECK(time->since_ns() == INT64_MIN);
    CHECK(time->until_ns() == INT64_MIN);
    for (int step = 0; step < 60; ++step) {
      now += static_cast<std::int64_t>(random() % 10);
      switch (random() % 6) {
        case 0: {
          const std::int64_t since = now - static_cast<std::int64_t>(random() % 4);
          time->begin(since * kOne);
          going_on = true;
          if (begin == INT64_MIN || since > until) begin = until = since;
          break;
        }
        case 1: {
          const std::int64_t end = now - static_cast<std::int64_t>(random() % 12);
          time->end(end * kOne);
          going_on = false;
          if (begin == INT64_MIN) break;
          for (; until > std::max(begin, end); --until)
            seen[static_cast<std::size_t>(until - 1)] = false;
          break;
        }
        case 2: {
          // Some go back: what was observed stays so.
          const std::int64_t to = now - static_cast<std::int64_t>(random() % 3);
          time->extend(to * kOne);
          for (; going_on && begin != INT64_MIN && until < to; ++until)
            seen[static_cast<std::size_t>(until)] = true;
          break;
        }
        case 3: {
          if (random() % 4 != 0) break;
          // Another daemon continues. It observes nothing until it finds the ring.
          const std::string bytes = observed_bytes(*time);
          time = std::make_unique<ObservedTime>();
          Decoder in(bytes);
          time->decode(in, 0);
          REQUIRE(in.at_end());
          going_on = false;
          break;
        }
        default: break;
      }
      CHECK(time->going_on() == going_on);
      CHECK(time->since_ns() == (begin == INT64_MIN ? INT64_MIN : begin * kOne));
      CHECK(time->until_ns() == (begin == INT64_MIN ? INT64_MIN : until * kOne));
      const auto all = std::count(seen.begin(), seen.end(), true);
      CHECK(time->seconds() == static_cast<double>(all));
      CHECK(time->before_ns() ==
            (all - (going_on && begin != INT64_MIN ? until - begin : 0)) * kOne);
      const auto from = static_cast<std::int64_t>(random() % 400);
      CHECK(time->seconds_since(from * kOne) ==
            static_cast<double>(std::count(seen.begin() + from, seen.end(), true)));
    }
  }
}

TEST_CASE("ObservedTime: the oldest of more than 64 spans is kept as a sum, also by the next daemon") {
  ObservedTime time;
  for (std::int64_t i = 0; i < 70; ++i) {
    time.begin(10 * i * kOne);
    time.extend((10 * i + 1 + i % 2) * kOne);
    // 64 spans can still be told apart.
    if (i == 63) CHECK(time.seconds_since(0) == 96);
    if (i == 64) CHECK(time.seconds_since(0) == 96);
  }
  CHECK(time.seconds() == 105);
  CHECK(time.seconds_since(0) == 96);
  CHECK(time.before_ns() == 103 * kOne);
  const std::string bytes = observed_bytes(time);
  Decoder in(bytes);
  ObservedTime other;
  other.decode(in, 5 * kOne);
  REQUIRE(in.at_end());
  CHECK(other.seconds() == 105);
  CHECK(other.seconds_since(0) == 96);
  CHECK(other.before_ns() == 105 * kOne);
  CHECK(other.since_ns() == 695 * kOne);
  CHECK(other.until_ns() == 697 * kOne);
}

TEST_CASE("ObservedTime: it has these bytes, and spans that cannot be are refused") {
  ObservedTime time;
  CHECK(observed_bytes(time) == std::string("\0\0", 2));
  time.begin(3);
  time.extend(5);
  time.begin(7);
  CHECK(observed_bytes(time) == std::string("\0\2\x6\xa\xe\xe", 6));
  CHECK(observed_decodes({3, 5}, 1));
  CHECK(observed_decodes({3, 3}, 1));
  CHECK(observed_decodes({3, 5, 5, 7}, 2));
  CHECK_FALSE(observed_decodes({3, 2}, 1));
  CHECK_FALSE(observed_decodes({3, 5, 4, 7}, 2));
  CHECK_FALSE(observed_decodes({3, 5, 1, 2}, 2));
  CHECK_FALSE(observed_decodes({3}, 1));
  CHECK_FALSE(observed_decodes({3, 5, 6, 7}, 1));
  for (const std::uint64_t size : {64, 65}) {
    std::vector<std::int64_t> spans;
    for (std::uint64_t i = 0; i < 2 * size; ++i) spans.push_back(static_cast<std::int64_t>(i));
    CHECK(observed_decodes(spans, size) == (size == 64));
  }
  // A sum below zero is none.
  for (const std::int64_t earlier : {-5, 0, 1}) {
    Encoder out;
    out.i64(earlier);
    out.u64(0);
    const std::string bytes = out.take();
    Decoder in(bytes);
    ObservedTime other;
    other.decode(in, 0);
    CHECK(other.before_ns() == std::max<std::int64_t>(earlier, 0));
    CHECK(other.seconds() == static_cast<double>(std::max<std::int64_t>(earlier, 0)) / 1e9);
  }
}
