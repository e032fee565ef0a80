// Figures added up: slots into slots and windows, windows into windows.
#include "report/model/sums.h"

#include <doctest/doctest.h>

using namespace ringside;

namespace {

// Figures that are all different; `times` makes another slot of the same kind.
HistorySlot summed_slot(std::uint64_t times) {
  HistorySlot slot;
  slot.begin_wall_s = 60;
  slot.observed_seconds = 59;
  slot.recorded = 100 * times;
  slot.skipped = 3 * times;
  slot.lost = 4 * times;
  slot.outcomes = {1 * times, 2 * times, 4 * times, 8 * times, 16 * times, 32 * times, 64 * times};
  slot.timed = 90 * times;
  slot.sum_ns = 1000 * times;
  slot.min_ns = 10 / times;
  slot.max_ns = 20 * times;
  slot.value_sum = INT64_MAX;
  slot.stages[2] = {5 * times, 6 * times, 7 * times};
  slot.latency.buckets = {{-3, 90 * times}};
  slot.errors = {{7, RecordOutcome::error, 2 * times}, {7, RecordOutcome::timeout, 4 * times}};
  return slot;
}

template <typename Sum>
void check_sum_of_one_and_two(const Sum& sum) {
  CHECK(sum.recorded == 300);
  CHECK(sum.skipped == 9);
  CHECK(sum.outcomes == std::array<std::uint64_t, kOutcomes>{3, 6, 12, 24, 48, 96, 192});
  CHECK(sum.timed == 270);
  CHECK(sum.sum_ns == 3000);
  CHECK(sum.min_ns == 5);
  CHECK(sum.max_ns == 40);
  CHECK(sum.value_sum == -2);  // it wraps
  CHECK(sum.stages[2].count == 15);
  CHECK(sum.stages[2].sum_ns == 18);
  CHECK(sum.stages[2].max_ns == 14);
  CHECK(sum.latency.count() == 270);
}

}  // namespace

TEST_CASE(
    "Sums: a slot takes what another counts, errors by code and outcome, and keeps its time") {
  HistorySlot sum = summed_slot(1);
  HistorySlot other = summed_slot(2);
  other.begin_wall_s = 120;
  other.errors.push_back({9, RecordOutcome::error, 1});
  add_slot(sum, other);
  check_sum_of_one_and_two(sum);
  CHECK(sum.lost == 12);
  CHECK(sum.begin_wall_s == 60);
  CHECK(sum.observed_seconds == 59);
  const std::vector<HistoryError> errors = {
      {7, RecordOutcome::error, 6}, {7, RecordOutcome::timeout, 12}, {9, RecordOutcome::error, 1}};
  CHECK(sum.errors == errors);
}

TEST_CASE("Sums: a window takes a slot's figures, and says which outcomes are errors") {
  WindowStats sum;
  sum.seconds = 7;
  add_slot(sum, summed_slot(1));
  add_slot(sum, summed_slot(2));
  check_sum_of_one_and_two(sum);
  CHECK(sum.errors == 6 + 12);
  CHECK(sum.refused == 24 + 48 + 96);
  CHECK(sum.seconds == 7);
}

TEST_CASE("Sums: a window takes another's figures, and the longer time") {
  WindowStats one, two;
  add_slot(one, summed_slot(1));
  add_slot(two, summed_slot(2));
  one.seconds = 60;
  two.seconds = 50;
  one.negative = 1;
  two.negative = 2;
  one.history = 4;
  two.history = 8;
  add_window(one, two);
  check_sum_of_one_and_two(one);
  CHECK(one.errors == 18);
  CHECK(one.refused == 168);
  CHECK(one.seconds == 60);
  CHECK(one.negative == 3);
  CHECK(one.history == 12);
}

TEST_CASE("Sums: what has no span leaves the shortest one as it is") {
  HistorySlot sum = summed_slot(1);
  add_slot(sum, HistorySlot{});
  CHECK(sum.min_ns == 10);
  HistorySlot empty;
  add_slot(empty, summed_slot(1));
  CHECK(empty.min_ns == 10);
}
