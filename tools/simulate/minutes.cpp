#include "tools/simulate/minutes.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "report/model/buckets.h"

namespace ringside::simulate {
namespace {

constexpr int kLowestIndex = -24 * kBucketsPerOctave;  // 60 ns
constexpr int kHighestIndex = 8 * kBucketsPerOctave;   // 256 s
constexpr double kOneByOne = 150;                      // so many calls are drawn one by one
constexpr double kLongest = 100;                       // of the median: then it times out
constexpr double kMinutesOfWander = 20;                // until a wander has lost most of itself
constexpr double kMinutesOfMood = 4;
constexpr double kHostWander = 0.025;
constexpr double kOwnWander = 0.015;
constexpr double kDayWander = 0.015;

// The normal distribution's share below z, from a table: draws need it two hundred times each.
double normal_below(double z) {
  constexpr int kPerUnit = 256;
  constexpr int kEnd = 6;
  static const std::vector<double> table = [] {
    std::vector<double> values;
    for (int i = -kEnd * kPerUnit; i <= kEnd * kPerUnit; ++i)
      values.push_back(std::erfc(-i / (kPerUnit * std::numbers::sqrt2)) / 2);
    return values;
  }();
  const double at = (z + kEnd) * kPerUnit;
  if (at <= 0) return 0;
  const auto index = static_cast<std::size_t>(at);
  if (index + 1 >= table.size()) return 1;
  return table[index] + (at - static_cast<double>(index)) * (table[index + 1] - table[index]);
}

std::uint64_t poisson(Random& random, double mean) {
  if (mean <= 0) return 0;
  if (mean > 25)
    return static_cast<std::uint64_t>(
        std::max(0.0, std::round(mean + std::sqrt(mean) * random.normal())));
  const double least = std::exp(-mean);
  std::uint64_t count = 0;
  for (double product = random.part(); product > least; product *= random.part()) ++count;
  return count;
}

double day_curve(std::int64_t wall_s) {
  const double hour = static_cast<double>(wall_s % kDayS) / 3600;
  const double day = 0.25 + 0.75 * std::pow(std::sin(std::numbers::pi * (hour - 4) / 24), 4);
  const bool weekend = (wall_s - kMondayS) / kDayS % 7 >= 5;
  return weekend ? 0.6 * day : day;
}

double covered(double from, double until, std::int64_t begin) {
  const auto start = static_cast<double>(begin);
  return std::clamp(std::min(until, start + 60) - std::max(from, start), 0.0, 60.0) / 60;
}

}  // namespace

Minutes::Minutes(std::uint64_t seed, std::vector<MinuteOperation> operations,
                 std::vector<MinuteChange> changes, MinuteHabits habits)
    : random_(seed * 7919 + 17),
      operations_(std::move(operations)),
      changes_(std::move(changes)),
      habits_(habits),
      states_(operations_.size()),
      counts_(static_cast<std::size_t>(kHighestIndex - kLowestIndex + 1)) {
  for (const MinuteOperation& operation : operations_) {
    HistorySeries& series = series_.emplace_back();
    series.ring = "chat";
    series.name = operation.name;
    series.category = "simulated";
    for (std::size_t i = 0; i < operation.stages.size(); ++i)
      series.stage_names[i] = operation.stages[i].name;
    series.slots.resize(1);
  }
}

void Minutes::begin_day() {
  for (State& state : states_) state.day = kDayWander * random_.normal();
  hiccups_.clear();
  bursts_.clear();
  const auto begin = static_cast<double>(wall_s_);
  for (std::uint64_t i = poisson(random_, 4); i > 0; --i) {
    const double from = begin + random_.between(0, kDayS);
    hiccups_.push_back({from, from + random_.between(10, 60), random_.between(1.5, 4)});
  }
  for (std::uint64_t i = poisson(random_, 1.5); i > 0; --i) {
    const double from = begin + random_.between(0, kDayS);
    bursts_.push_back({from, from + random_.between(2, 9) * 60, random_.between(2, 4)});
  }
  std::erase_if(bursts_, [&](const Episode& burst) {
    return burst.from < static_cast<double>(habits_.calm.until) &&
           burst.until > static_cast<double>(habits_.calm.from);
  });
}

const std::vector<HistorySeries>& Minutes::next() {
  wall_s_ += kMinuteS;
  if (wall_s_ % kDayS == 0) begin_day();
  const double keep = std::exp(-1 / kMinutesOfWander);
  const double fresh = std::sqrt(1 - keep * keep);
  host_ = keep * host_ + fresh * kHostWander * random_.normal();
  if (habits_.mood > 0) {
    const double lasts = std::exp(-1 / kMinutesOfMood);
    mood_ = lasts * mood_ + std::sqrt(1 - lasts * lasts) * habits_.mood * random_.normal();
  }
  for (State& state : states_)
    state.wander = keep * state.wander + fresh * kOwnWander * random_.normal();
  double burst = 1;
  double hiccup = 0;
  hiccup_ = {};
  for (const Episode& one : bursts_) {
    const double part = covered(one.from, one.until, wall_s_);
    burst += part * (one.factor - 1);
  }
  for (const Episode& one : hiccups_) {
    const double part = covered(one.from, one.until, wall_s_);
    if (part > hiccup) hiccup_ = one;
    hiccup = std::max(hiccup, part);
  }
  for (std::size_t i = 0; i < operations_.size(); ++i) draw(i, day_curve(wall_s_), burst, hiccup);
  return series_;
}

void Minutes::draw(std::size_t index, double load, double burst, double hiccup_part) {
  const MinuteOperation& operation = operations_[index];
  HistorySlot& slot = series_[index].slots[0];
  slot = {};
  slot.begin_wall_s = wall_s_;
  slot.observed_seconds = 60;
  std::fill(counts_.begin(), counts_.end(), 0);

  double changed = 0;
  double factor = 1;
  double traffic = 1;
  double slow_share = operation.slow_share;
  std::vector<double> stages(operation.stages.size(), 0.0);
  for (const MinuteChange& change : changes_) {
    const double part =
        covered(static_cast<double>(change.from), static_cast<double>(change.until), wall_s_);
    if (change.operation != index || part <= 0) continue;
    traffic *= 1 + part * (change.traffic_factor - 1);
    if (change.slow_share >= 0) slow_share += part * (change.slow_share - operation.slow_share);
    if (change.factor == 1) continue;
    changed = part;
    factor = change.factor;
    if (change.stage < 0) {
      for (double& stage : stages) stage = std::log1p(part * (factor - 1));
    } else {
      const auto at = static_cast<std::size_t>(change.stage);
      stages[at] = std::log1p(part * (factor - 1));
      factor = 1 + (factor - 1) * operation.stages[at].share;
    }
  }
  // Queueing: a little with the day's load, more in a burst.
  const double queueing = 0.12 * load + 0.25 * (burst - 1);
  const double level = host_ + mood_ + states_[index].wander + states_[index].day + queueing;
  const double calls =
      operation.calls_per_minute * load * burst * traffic / std::sqrt(1 + changed * (factor - 1));
  const double hiccup = std::log(hiccup_.factor);
  const double kinds = std::log1p(slow_share * (operation.slow_factor - 1));
  for (double& stage : stages)
    stage += level + kinds + std::log1p(hiccup_part * std::expm1(hiccup));
  const Sort sorts[] = {
      {(1 - changed) * (1 - hiccup_part), level},
      {(1 - changed) * hiccup_part, level + hiccup},
      {changed * (1 - hiccup_part), level + std::log(factor)},
      {changed * hiccup_part, level + std::log(factor) + hiccup},
  };
  for (const Sort& sort : sorts) {
    if (sort.share <= 0) continue;
    add_calls(slot, operation, calls * sort.share * (1 - slow_share), sort.log_factor);
    add_calls(slot, operation, calls * sort.share * slow_share,
              sort.log_factor + std::log(operation.slow_factor));
  }
  finish(slot);
  add_stages(slot, operation, stages);
}

void Minutes::add_calls(HistorySlot&, const MinuteOperation& operation, double calls,
                        double log_factor) {
  if (calls <= 0) return;
  const double median = std::log2(operation.median_ns / 1e9) + log_factor * std::numbers::log2e;
  const auto add = [&](double log2_s, std::uint64_t count) {
    const int bucket = static_cast<int>(std::ceil(log2_s * kBucketsPerOctave));
    counts_[static_cast<std::size_t>(std::clamp(bucket, kLowestIndex, kHighestIndex) -
                                     kLowestIndex)] += count;
  };
  for (std::uint64_t i = poisson(random_, calls * operation.tail_share); i > 0; --i)
    add(median + std::log2(std::min(random_.pareto(3, 1.5), kLongest)), 1);
  const double body = calls * (1 - operation.tail_share);
  const double sigma = operation.sigma * std::numbers::log2e;  // in octaves
  if (body < kOneByOne) {
    for (std::uint64_t i = poisson(random_, body); i > 0; --i)
      add(median + sigma * random_.normal(), 1);
    return;
  }
  const int first = static_cast<int>(std::floor((median - 5 * sigma) * kBucketsPerOctave));
  const int last = static_cast<int>(std::ceil((median + 5 * sigma) * kBucketsPerOctave));
  double below = 0;
  for (int bucket = std::max(first, kLowestIndex); bucket <= std::min(last, kHighestIndex);
       ++bucket) {
    const double up_to =
        normal_below((static_cast<double>(bucket) / kBucketsPerOctave - median) / sigma);
    counts_[static_cast<std::size_t>(bucket - kLowestIndex)] +=
        poisson(random_, body * (up_to - below));
    below = up_to;
  }
}

void Minutes::finish(HistorySlot& slot) {
  double sum = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    const int index = kLowestIndex + static_cast<int>(i);
    const double middle = bucket_middle_seconds(index) * 1e9;
    slot.latency.buckets.push_back({static_cast<std::int16_t>(index), counts_[i]});
    slot.timed += counts_[i];
    sum += middle * static_cast<double>(counts_[i]);
    if (slot.min_ns == 0) slot.min_ns = static_cast<std::uint64_t>(middle);
    slot.max_ns = static_cast<std::uint64_t>(middle);
  }
  slot.sum_ns = static_cast<std::uint64_t>(sum);
  slot.recorded = slot.timed;
  slot.outcomes[0] = slot.timed;
}

// A stage's calls have infinite variance too: the largest of n with a tail of shape 1.8 is about
// n^(1/1.8).
void Minutes::add_stages(HistorySlot& slot, const MinuteOperation& operation,
                         const std::vector<double>& log_factors) {
  const auto n = static_cast<double>(slot.timed);
  if (slot.timed == 0) return;
  for (std::size_t i = 0; i < operation.stages.size(); ++i) {
    const double mean = operation.median_ns * std::exp(operation.sigma * operation.sigma / 2) *
                        operation.stages[i].share;
    const double sum = n * std::max(0.1, 1 + random_.normal() / std::sqrt(n)) +
                       0.3 * std::pow(n, 1 / 1.8) * std::min(random_.pareto(1, 1.8), kLongest);
    slot.stages[i].count = slot.timed;
    slot.stages[i].sum_ns = static_cast<std::uint64_t>(mean * std::exp(log_factors[i]) * sum);
    slot.stages[i].max_ns = slot.stages[i].sum_ns / slot.timed;
  }
}

std::vector<MinuteOperation> draw_operations(std::uint64_t seed) {
  Random random(seed * 104'729 + 5);
  std::vector<MinuteOperation> operations;
  const auto add = [&](const char* kind, std::size_t number, double least, double most) {
    MinuteOperation one;
    one.name = std::string(kind) + "_" + std::to_string(number);
    one.calls_per_minute = least * std::pow(most / least, random.part());
    one.median_ns = 1e6 * std::pow(50.0, random.part());  // 1 to 50 ms
    one.sigma = random.between(0.35, 0.8);
    one.tail_share = random.between(0.005, 0.02);
    one.stages = {{"validation", 0.067}, {"security", 0.15}, {"database", 0.5}, {"delivery", 0.2}};
    operations.push_back(std::move(one));
  };
  for (std::size_t i = 0; i < 4; ++i) add("busy", i, 800, 4'000);
  for (std::size_t i = 0; i < 4; ++i) add("middling", i, 150, 500);
  add("two_kinds", 0, 800, 2'000);
  operations.back().sigma = random.between(0.3, 0.5);
  operations.back().slow_share = random.between(0.2, 0.35);
  operations.back().slow_factor = random.between(6, 10);
  for (std::size_t i = 0; i < 3; ++i) add("rare", i, 0.3, 8);
  return operations;
}

}  // namespace ringside::simulate
