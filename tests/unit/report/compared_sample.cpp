#include "tests/unit/report/compared_sample.h"

#include "tests/unit/report/compared_days.h"
#include "tests/unit/report/night.h"

namespace sample {

using namespace ringside;

ComparedNights compared_nights(bool hostile) {
  constexpr std::int64_t kNight = 8 * compared::kHourLong;
  compared::Days days(1);
  days.operations = {{"SEND", 300}, {"LIST"}, {"LOGIN"}, {"MIXED", 300}, {"RARE", 0.2}, {"GONE"}};
  days.operations[0].database = 6;
  days.operations[3].slow_share = 0.3;
  ComparedNights nights;
  nights.then = days.span(compared::kMonday, kNight);
  days.change = [](compared::Traffic& traffic, std::int64_t) {
    if (traffic.name == "SEND") traffic.median_ms *= 1.3;
    if (traffic.name == "LIST") traffic.median_ms *= 0.7;
    if (traffic.name == "LOGIN") traffic.failed = 0.05;
    if (traffic.name == "MIXED") traffic.slow_share = 0.6;
  };
  nights.now = days.span(compared::kMonday + compared::kDayLong, kNight);
  nights.now.series[5].name = "NEW";
  IncidentView incident;
  incident.ring = "chat";
  incident.began_wall_ns = (nights.then.begin_wall_s + 3600) * 1'000'000'000;
  incident.ended_wall_ns = incident.began_wall_ns + 599'000'000'000;
  nights.then.incidents = {incident};
  for (HistorySpan* span : {&nights.then, &nights.now}) {
    if (hostile) span->series[0].name = span->series[0].stage_names[1] = kEvilName;
  }
  return nights;
}

Comparison compared(const ComparedNights& nights) {
  Comparison comparison = compare_spans(nights.now, nights.then);
  comparison.asked = "yesterday";
  return comparison;
}

}  // namespace sample
