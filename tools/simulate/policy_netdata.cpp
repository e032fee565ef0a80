// Netdata's health alarms (learn.netdata.cloud/docs/alerts-&-notifications/alert-configuration-
// reference).
//
//   every: 10s
//   lookup: average -1m
//   warn: $this > (($status >= $WARNING)  ? (75) : (85))
//   crit: $this > (($status == $CRITICAL) ? (85) : (95))
//   delay: up 1m down 5m multiplier 1.5 max 1h
//
// A change of status is told when its delay is over, unless the status has changed again by then:
// then the newer change takes its place, and the delays are 1.5 times as long. What ends where it
// began is not told.
#include <algorithm>
#include <map>

#include "tools/simulate/figures.h"
#include "tools/simulate/policy.h"

namespace ringside::simulate {
namespace {

constexpr Ns kEvery = 10 * kSecondNs;
constexpr Ns kUp = kMinuteNs;
constexpr Ns kDown = 5 * kMinuteNs;
constexpr double kMultiplier = 1.5;
constexpr Ns kMost = kHourNs;

enum class Status : std::uint8_t { clear, warning, critical };

Ns longer(Ns delay) {
  return std::min(static_cast<Ns>(static_cast<double>(delay) * kMultiplier), kMost);
}

class Netdata final : public Policy {
 public:
  explicit Netdata(const Config& config) : figures_(config) {}
  const char* name() const override { return "netdata"; }

  std::vector<Line> tick(const Tick& tick) override {
    const std::vector<Figure> figures = figures_.of(tick.snapshot);
    if (evaluated_ && tick.monotonic - *evaluated_ < kEvery) return {};
    evaluated_ = tick.monotonic;
    lines_.clear();
    for (const Figure& figure : figures) {
      Alarm& alarm = alarms_[figure.key];
      alarm.figure = figure;
      // Without data the status is undefined, which nobody is told of.
      if (figure.value) change(tick.monotonic, alarm, status_of(figure, alarm.status));
    }
    for (auto& [key, alarm] : alarms_) tell(tick, alarm);
    return lines_;
  }

 private:
  struct Alarm {
    Figure figure;
    Status status = Status::clear;
    Status told = Status::clear;
    bool waiting = false;  // a change is to be told at `due`
    Ns due = 0;
    Ns up = kUp, down = kDown;  // the present delays
    std::uint64_t episode = 0;
  };

  static Status status_of(const Figure& figure, Status before) {
    const double value = *figure.value;
    const auto over = [value](double raise, double clear, bool is_over) {
      return raise > 0 && value >= (is_over ? clear : raise);
    };
    if (over(figure.critical, figure.critical_clear, before == Status::critical))
      return Status::critical;
    if (over(figure.warning, figure.warning_clear, before >= Status::warning))
      return Status::warning;
    return Status::clear;
  }

  static void change(Ns now, Alarm& alarm, Status status) {
    if (status == alarm.status) return;
    if (now > alarm.due) {
      alarm.up = kUp;
      alarm.down = kDown;
    } else {
      alarm.up = longer(alarm.up);
      alarm.down = longer(alarm.down);
    }
    alarm.due = now + (status > alarm.status ? alarm.up : alarm.down);
    alarm.waiting = true;
    alarm.status = status;
  }

  void tell(const Tick& tick, Alarm& alarm) {
    if (!alarm.waiting || tick.monotonic < alarm.due) return;
    alarm.waiting = false;
    if (alarm.status == alarm.told) return;
    if (alarm.told == Status::clear) alarm.episode = ++episodes_;
    const bool rises = alarm.status > alarm.told;
    alarm.told = alarm.status;
    Line line;
    line.at = tick.monotonic;
    line.wall = tick.wall;
    line.what = alarm.status == Status::clear ? Line::What::resolved
                : rises                       ? Line::What::raised
                                              : Line::What::recovering;
    line.alert = alarm.figure.alert;
    line.level = alarm.status == Status::critical ? AlertLevel::critical : AlertLevel::warning;
    line.operation = alarm.figure.operation;
    line.group = std::to_string(alarm.episode);
    line.text = alarm.figure.key;
    lines_.push_back(std::move(line));
  }

  Figures figures_;
  std::optional<Ns> evaluated_;
  std::map<std::string, Alarm> alarms_;
  std::vector<Line> lines_;
  std::uint64_t episodes_ = 0;
};

}  // namespace

std::unique_ptr<Policy> make_netdata(const Config& config) {
  return std::make_unique<Netdata>(config);
}

Policies make_policies(const Config& config) {
  Policies policies;
  policies.push_back(make_ours(config));
  policies.push_back(make_prometheus(config));
  policies.push_back(make_netdata(config));
  return policies;
}

}  // namespace ringside::simulate
