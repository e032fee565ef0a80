#include "report/analysis/room.h"

#include <algorithm>

#include "report/analysis/usual.h"

namespace ringside {
namespace {

constexpr std::int64_t kOneHourS = 3600;
constexpr std::int64_t kOneDayS = 24 * kOneHourS;
constexpr std::int64_t kOneWeekS = 7 * kOneDayS;
constexpr std::size_t kFewestHours = 6;
constexpr double kRising = 0.9;             // of the comparisons
constexpr double kLeastOfLimit = 0.02;       // of the limit, over what is known: below it is noise
constexpr std::size_t kMostHours = 1'000;  // six weeks of hours

struct Point {
  std::int64_t hour = 0;
  double min = 0;
  double max = 0;
};

std::vector<Point> hours_of(const std::vector<HistorySample>& samples) {
  std::vector<Point> hours;
  for (const HistorySample& sample : samples) {
    const std::int64_t hour = sample.begin_wall_s / kOneHourS;
    const auto min = static_cast<double>(sample.min);
    const auto max = static_cast<double>(sample.max);
    if (hours.empty() || hours.back().hour != hour) {
      hours.push_back({hour, min, max});
    } else {
      hours.back().min = std::min(hours.back().min, min);
      hours.back().max = std::max(hours.back().max, max);
    }
  }
  if (hours.size() > kMostHours)
    hours.erase(hours.begin(), hours.end() - static_cast<std::ptrdiff_t>(kMostHours));
  return hours;
}

}  // namespace

std::optional<Room> room_of(const std::vector<HistorySample>& samples, double limit,
                            bool by_the_hour) {
  const std::vector<Point> hours = hours_of(samples);
  if (hours.size() < kFewestHours) return std::nullopt;
  Room room;
  room.known_s = (hours.back().hour - hours.front().hour + 1) * kOneHourS;
  if (room.known_s >= 3 * kOneDayS) room.compared_s = kOneDayS;
  if (room.known_s >= 2 * kOneWeekS) room.compared_s = kOneWeekS;
  if (room.compared_s == 0 && by_the_hour) return std::nullopt;
  const std::int64_t step = std::max<std::int64_t>(room.compared_s / kOneHourS, 1);
  std::vector<double> paces;  // an hour
  std::size_t rising = 0;
  for (std::size_t i = 0; i < hours.size(); ++i) {
    for (std::size_t j = i + 1; j < hours.size(); ++j) {
      const std::int64_t apart = hours[j].hour - hours[i].hour;
      if (apart % step != 0) continue;
      // Without a day to compare with, what counts is what is not given back.
      const double rise =
          room.compared_s > 0 ? hours[j].max - hours[i].max : hours[j].min - hours[i].min;
      rising += std::size_t{rise > 0};
      paces.push_back(rise / static_cast<double>(apart));
    }
  }
  if (paces.empty() || static_cast<double>(rising) < kRising * static_cast<double>(paces.size()))
    return std::nullopt;
  const double hourly = median_of(paces);
  room.per_day = 24 * hourly;
  for (const Point& hour : hours) {
    if (hour.hour > hours.back().hour - 24) room.most = std::max(room.most, hour.max);
  }
  const double known_hours = static_cast<double>(room.known_s) / kOneHourS;
  if (hourly * known_hours < kLeastOfLimit * limit || room.most >= limit) return std::nullopt;
  const double left_hours = (limit - room.most) / hourly;
  room.full_wall_s =
      (hours.back().hour + 1) * kOneHourS + static_cast<std::int64_t>(left_hours * kOneHourS);
  return room;
}

}  // namespace ringside
