// Prometheus's alerting rules (prometheus.io/docs/prometheus/latest/configuration/alerting_rules).
//
//   alert: HighLatency            evaluated every 15 s
//   expr: histogram_quantile(0.95, …[1m]) >= threshold
//   for: 1m                       pending until it has been true at every evaluation for a minute
//
// An expression without data is not true: a firing alert is then resolved. Each level is a rule of
// its own, with the label `severity`.
#include <map>

#include "tools/simulate/figures.h"
#include "tools/simulate/policy.h"

namespace ringside::simulate {
namespace {

constexpr Ns kEvaluateEvery = 15 * kSecondNs;
constexpr Ns kFor = kMinuteNs;

class Prometheus final : public Policy {
 public:
  explicit Prometheus(const Config& config) : figures_(config) {}
  const char* name() const override { return "prometheus"; }

  std::vector<Line> tick(const Tick& tick) override {
    const std::vector<Figure> figures = figures_.of(tick.snapshot);
    if (evaluated_ && tick.monotonic - *evaluated_ < kEvaluateEvery) return {};
    evaluated_ = tick.monotonic;
    lines_.clear();
    for (const Figure& figure : figures) {
      rule(tick, figure, AlertLevel::warning, figure.warning);
      rule(tick, figure, AlertLevel::critical, figure.critical);
    }
    return lines_;
  }

 private:
  struct Rule {
    std::optional<Ns> true_since;
    bool firing = false;
    std::uint64_t episode = 0;
  };

  void rule(const Tick& tick, const Figure& figure, AlertLevel level, double threshold) {
    if (threshold <= 0) return;
    Rule& rule = rules_[figure.key + '|' + ringside::name_of(level)];
    if (!figure.value || *figure.value < threshold) {
      if (rule.firing) say(tick, figure, level, rule, Line::What::resolved);
      rule.firing = false;
      rule.true_since.reset();
      return;
    }
    if (!rule.true_since) rule.true_since = tick.monotonic;
    if (rule.firing || tick.monotonic - *rule.true_since < kFor) return;
    rule.firing = true;
    rule.episode = ++episodes_;
    say(tick, figure, level, rule, Line::What::raised);
  }

  void say(const Tick& tick, const Figure& figure, AlertLevel level, const Rule& rule,
           Line::What what) {
    Line line;
    line.at = tick.monotonic;
    line.wall = tick.wall;
    line.what = what;
    line.alert = figure.alert;
    line.level = level;
    line.operation = figure.operation;
    line.group = std::to_string(rule.episode);
    line.text = figure.key;
    lines_.push_back(std::move(line));
  }

  Figures figures_;
  std::optional<Ns> evaluated_;
  std::map<std::string, Rule> rules_;
  std::vector<Line> lines_;
  std::uint64_t episodes_ = 0;
};

}  // namespace

std::unique_ptr<Policy> make_prometheus(const Config& config) {
  return std::make_unique<Prometheus>(config);
}

}  // namespace ringside::simulate
