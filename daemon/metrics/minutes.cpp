#include "daemon/metrics/minutes.h"

namespace ringside {
namespace {

constexpr std::int64_t kMinuteNs = kSliceNs * kSlicesPerMinute;

std::int64_t nearest_minute_s(std::int64_t wall_ns) {
  const std::int64_t middle = add_ns(wall_ns, kMinuteNs / 2);
  return (middle / kMinuteNs - (middle % kMinuteNs < 0 ? 1 : 0)) * 60;
}

}  // namespace

void Minutes::name(std::int64_t number, std::int64_t begin_wall_ns) {
  const std::int64_t wall_s = nearest_minute_s(begin_wall_ns);
  if (wall_s > highest_wall_s_) {
    highest_wall_s_ = wall_s;
    again_ = 0;
  } else if (wall_s <= latest_wall_s_) {
    again_ = ++times_set_back_;
  }
  latest_wall_s_ = wall_s;
  at(number) = {number, wall_s, again_, true};
}

void Minutes::encode(Encoder& out) const {
  std::uint64_t used = 0;
  for (const Minute& minute : minutes_) used += minute.number != INT64_MIN;
  out.u64(used);
  if (used == 0) return;
  out.i64(reached_);
  out.i64(latest_wall_s_);
  out.i64(highest_wall_s_);
  out.u64(again_);
  out.u64(times_set_back_);
  for (const Minute& minute : minutes_) {
    if (minute.number == INT64_MIN) continue;
    out.i64(minute.number);
    out.i64(minute.begin_wall_s);
    out.u64(minute.again);
  }
}

void Minutes::decode(Decoder& in, std::int64_t shift) {
  const std::uint64_t used = in.count(3, minutes_.size());
  if (used == 0) return;
  reached_ = std::clamp(add_ns(in.i64(), shift), kNever, -kNever);
  latest_wall_s_ = in.i64();
  highest_wall_s_ = in.i64();
  again_ = static_cast<std::uint32_t>(in.below(UINT32_MAX));
  times_set_back_ = static_cast<std::uint32_t>(in.below(UINT32_MAX));
  for (std::uint64_t i = 0; i < used && in.good(); ++i) {
    Minute minute;
    minute.number = add_ns(in.i64(), shift);
    minute.begin_wall_s = in.i64();
    minute.again = static_cast<std::uint32_t>(in.below(UINT32_MAX));
    minute.due = true;  // it is not known whether the history has it
    if (minute.number == INT64_MIN) in.fail();
    if (in.good()) at(minute.number) = minute;
  }
}

}  // namespace ringside
