// How long what is left of a resource lasts, from its past.
//
// A chat server has its days and weeks, so an afternoon is no trend. Points are compared at the
// same hour: a day apart where three days are known, a week apart where two weeks are. With less,
// only what never falls counts, over six hours at least: what is not given back.
//
// The pace is the median of all these comparisons (Theil and Sen), so a spike moves nothing. It is
// a trend when nine of ten comparisons rise.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "report/model/history.h"

namespace ringside {

struct Room {
  double per_day = 0;  // the pace
  double most = 0;     // of the last day
  std::int64_t known_s = 0;
  std::int64_t compared_s = 0;   // how far the points lie apart; 0: all with all
  std::int64_t full_wall_s = 0;  // when the limit is reached at this pace
};

// Samples of one resource in order. Nothing: there is no trend, or the limit has been reached.
// `by_the_hour`: without a day to compare with, the resource may follow its users, so nothing is
// said.
std::optional<Room> room_of(const std::vector<HistorySample>& samples, double limit,
                            bool by_the_hour);

}  // namespace ringside
