// A series over time, compared with an oracle that keeps every record and looks at all of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "daemon/metrics/series.h"
#include "tests/support/random.h"
#include "tests/unit/daemon/metrics/stats_oracle.h"

using namespace ringside;
using namespace ringside::test;

namespace {

const TickScale kNanoseconds(ClockKind::monotonic, 0, 0, 0);

StoredSlice stored_one(const Record& record) {
  DenseSlice dense;
  dense.add(record, UnitScale::of(1e9));
  return StoredSlice::of(dense, kNanoseconds);
}
std::string series_bytes(const Series& series, std::int64_t now) {
  Encoder out;
  series.encode(out, now, kNanoseconds);
  return out.take();
}
Record plain_span(std::int64_t duration) {
  Record record{};
  record.kind = static_cast<std::uint8_t>(Kind::operation);
  record.duration = duration;
  return record;
}
WindowStats window_of(const Series& series, Window window, std::int64_t now) {
  WindowSum sum;
  sum.clear();
  series.sum(window, now, kNanoseconds, sum);
  return sum.finish(1);
}

// A series under test, and all that it was given.
struct SeriesHistory {
  std::mt19937_64 random;
  std::unique_ptr<Series> series = std::make_unique<Series>(NameEntry{}, 1);
  std::int64_t now;
  std::vector<SeriesPart> all;

  SeriesHistory(std::uint64_t from, std::int64_t begin) : random(from), now(begin) {}

  void move_on(std::int64_t slices) {
    series->roll(now, now + slices, kNanoseconds);
    now += slices;
  }
  void add_one() {
    SeriesPart part;
    part.record = random_record(random);
    part.slice = now;
    switch (random() % 9) {
      case 0: {
        part.slice = now - 1;
        series->previous().add(part.record, UnitScale::of(1e9));
        break;
      }
      case 1: {
        part.slice = now - static_cast<std::int64_t>(random() % (random() % 2 == 0 ? 70 : 800));
        series->add_late(part.slice, now, stored_one(part.record));
        break;
      }
      case 2: {
        part.when = SeriesPart::When::future;
        if (random() % 2 == 0) {
          series->add_future(stored_one(part.record));
        } else {
          series->add_late(now + 1 + static_cast<std::int64_t>(random() % 3), now,
                           stored_one(part.record));
        }
        break;
      }
      case 3: {
        part.when = SeriesPart::When::history;
        series->add_history(stored_one(part.record));
        break;
      }
      case 4: {
        part.skipped = 1 + random() % 5;
        series->add_skipped(now, part.skipped);
        break;
      }
      case 5: {
        part.skipped = 1 + random() % 5;
        part.when = random() % 2 == 0 ? SeriesPart::When::history : SeriesPart::When::future;
        if (part.when == SeriesPart::When::history) {
          series->add_skipped_history(part.skipped);
        } else {
          series->add_skipped_sometime(part.skipped);
        }
        break;
      }
      default: series->current().add(part.record, UnitScale::of(1e9));
    }
    all.push_back(part);
  }
  // The daemon ends. Another one continues, after a pause or after a reboot.
  void restart() {
    const std::string bytes = series_bytes(*series, now);
    const std::int64_t shift = 12 * (static_cast<std::int64_t>(random() % 400) - 200);
    series = std::make_unique<Series>(NameEntry{}, 1);
    now += shift + static_cast<std::int64_t>(random() % 3);
    for (SeriesPart& part : all) part.slice += shift;
    Decoder in(bytes);
    series->decode(in, now, shift);
    REQUIRE(in.at_end());
  }
};

}  // namespace

TEST_CASE("Series: every figure of every window agrees with all records, over late ones, pauses, clocks and restarts") {
  WindowSum sum;
  for (const std::int64_t begin : {-700, 5, 100'000}) {
    SeriesHistory history(seed() + static_cast<std::uint64_t>(begin), begin);
    for (int step = 0; step < 400; ++step) {
      const std::uint64_t kind = history.random() % 12;
      history.move_on(kind == 0   ? static_cast<std::int64_t>(history.random() % 300)
                      : kind == 1 ? 0
                                  : 1 + static_cast<std::int64_t>(history.random() % 2));
      for (std::uint64_t i = history.random() % 6; i > 0; --i) history.add_one();
      if (history.random() % 30 == 0) history.series->flush(history.now, kNanoseconds);
      if (history.random() % 30 == 0) history.restart();
      if (step > 3 && step % 9 != 0) continue;
      for (std::size_t w = 0; w < kWindows; ++w) {
        CAPTURE(w);
        CAPTURE(step);
        sum.clear();
        history.series->sum(static_cast<Window>(w), history.now, kNanoseconds, sum);
        const WindowStats got = sum.finish(7.5);
        CHECK(got.seconds == 7.5);
        check_stats(got, summed_up(history.all, static_cast<Window>(w), history.now));
        CHECK(got.latency.buckets.capacity() == got.latency.buckets.size());
      }
      for (const std::int64_t slices : {1, 3}) {
        CAPTURE(slices);
        CAPTURE(step);
        sum.clear();
        history.series->sum_latest(slices, history.now, kNanoseconds, sum);
        check_stats(sum.finish(1), summed_up_latest(history.all, slices, history.now));
      }
    }
  }
}

TEST_CASE("Series: a slice that has left the windows gives its memory back") {
  Series series(NameEntry{}, 1);
  const std::size_t nothing = sizeof(Series) + series.recent().bytes();
  CHECK(series.bytes() == nothing);
  // A stored slice of three spans that are told apart.
  const std::size_t one = sizeof(StoredSlice) + 3 * sizeof(StoredSlice::Bucket);
  for (const std::int64_t ns : {10, 1000, 1000, 1'000'000}) {
    series.current().add(plain_span(ns), UnitScale::of(1e9));
  }
  series.roll(24, 24, kNanoseconds);  // no time has passed
  CHECK_FALSE(series.current().empty());
  series.roll(24, 25, kNanoseconds);
  CHECK(series.current().empty());
  CHECK_FALSE(series.previous().empty());
  CHECK(series.bytes() == nothing);
  series.roll(25, 26, kNanoseconds);
  CHECK(series.previous().empty());
  CHECK(series.bytes() == nothing + 2 * one);  // its slice, and its minute
  series.roll(26, 24 + 59, kNanoseconds);
  CHECK(series.bytes() == nothing + 2 * one);
  series.roll(24 + 59, 24 + 60, kNanoseconds);
  CHECK(series.bytes() == nothing + one);
  series.roll(24 + 60, 24 + 720 - 1, kNanoseconds);
  CHECK(series.bytes() == nothing + one);
  series.roll(24 + 720 - 1, 24 + 720, kNanoseconds);
  CHECK(series.bytes() == nothing);
  // The same after a jump: the slice is stored only where it is still in a window.
  series.current().add(plain_span(10), UnitScale::of(1e9));
  series.roll(744, 744 + 60, kNanoseconds);
  CHECK(series.bytes() == nothing + sizeof(StoredSlice) + sizeof(StoredSlice::Bucket));
  CHECK(series.current().empty());
}

TEST_CASE("Series: flushed, it holds the same, and counts on in the same slice") {
  Series series(NameEntry{}, 1);
  series.current().add(plain_span(10), UnitScale::of(1e9));
  series.previous().add(plain_span(20), UnitScale::of(1e9));
  series.flush(12, kNanoseconds);
  CHECK(series.current().empty());
  CHECK(series.previous().empty());
  // A minute later, the one of slice 11 has left the minute.
  series.current().add(plain_span(30), UnitScale::of(1e9));
  CHECK(window_of(series, Window::minute, 12).sum_ns == 60);
  series.roll(12, 23, kNanoseconds);
  CHECK(window_of(series, Window::minute, 23).sum_ns == 40);
  CHECK(window_of(series, Window::five_minutes, 23).sum_ns == 60);
}

TEST_CASE("Series: totals of lives that are over are saved, and totals that do not add up are refused") {
  Series series(NameEntry{}, 1);
  CHECK(series.retired_count == 0);
  CHECK(series.retired_errors == 0);
  series.retired_count = 300;
  series.retired_errors = 4;
  series.retired_books = {10, 7, 3, 2, 1};
  const std::string bytes = series_bytes(series, 5);
  Decoder in(bytes);
  Series other(NameEntry{}, 1);
  other.decode(in, 5, 0);
  REQUIRE(in.at_end());
  CHECK(other.retired_count == 300);
  CHECK(other.retired_errors == 4);
  CHECK(other.retired_books.written == 10);
  CHECK(other.retired_books.read == 7);
  CHECK(other.retired_books.lost == 3);
  CHECK(other.retired_books.torn == 2);
  CHECK(other.retired_books.rejected == 1);
  CHECK(series_bytes(other, 5) == bytes);
  series.retired_books.read = 6;
  const std::string wrong = series_bytes(series, 5);
  Decoder of_wrong(wrong);
  other.decode(of_wrong, 5, 0);
  CHECK_FALSE(of_wrong.good());
}

TEST_CASE("Series: of a damaged state the slice that was being filled is not taken in") {
  Series series(NameEntry{}, 1);
  series.current().add(plain_span(10), UnitScale::of(1e9));
  const std::string bytes = series_bytes(series, 5);
  Decoder in(std::string_view(bytes).substr(0, bytes.size() - 1));
  Series other(NameEntry{}, 1);
  other.decode(in, 5, 0);
  CHECK_FALSE(in.good());
  CHECK(window_of(other, Window::minute, 5).recorded == 0);
}

TEST_CASE("Series: saved slices that lie ahead of the new clock are counted when their time comes") {
  Series series(NameEntry{}, 1);
  series.previous().add(plain_span(10), UnitScale::of(1e9));
  series.current().add(plain_span(20), UnitScale::of(1e9));
  const std::string bytes = series_bytes(series, 104);
  Decoder in(bytes);
  Series other(NameEntry{}, 1);
  other.decode(in, 100, 0);
  REQUIRE(in.at_end());
  CHECK(window_of(other, Window::five_minutes, 102).sum_ns == 0);
  CHECK(window_of(other, Window::five_minutes, 103).sum_ns == 10);
  CHECK(window_of(other, Window::five_minutes, 104).sum_ns == 30);
  CHECK(window_of(other, Window::since_start, 100).sum_ns == 30);
}

TEST_CASE("Series: more spans of one length than 32 bits hold are saved and counted all") {
  Series series(NameEntry{}, 1);
  StoredSlice many = stored_one(plain_span(1000));
  many.buckets[0].count = UINT32_MAX;
  many.outcomes[0] = UINT32_MAX;
  for (int i = 0; i < 3; ++i) series.add_late(50, 50, many);
  for (const Window window : {Window::since_start, Window::minute, Window::hour}) {
    const WindowStats stats = window_of(series, window, 50);
    REQUIRE(stats.latency.buckets.size() == 1);
    CHECK(stats.latency.buckets[0].count == 3 * std::uint64_t{UINT32_MAX});
    CHECK(stats.recorded == 3 * std::uint64_t{UINT32_MAX});
  }
  const std::string bytes = series_bytes(series, 50);
  Decoder in(bytes);
  Series other(NameEntry{}, 1);
  other.decode(in, 50, 0);
  REQUIRE(in.at_end());
  CHECK(series_bytes(other, 50) == bytes);
  for (const Window window : {Window::since_start, Window::minute, Window::hour})
    CHECK(window_of(other, window, 50).latency.count() == 3 * std::uint64_t{UINT32_MAX});
}
