#include <stdexcept>

#include "daemon/alerts/alert_engine.h"
#include "tools/simulate/policy.h"

namespace ringside::simulate {
namespace {

// An engine that tells incidents apart gives their id. One that doesn't has episodes only.
template <typename Transition>
std::string group_of(const Transition& transition) {
  if constexpr (requires { transition.incident; }) {
    if (!transition.incident.empty()) return transition.incident;
  }
  return transition.id;
}

Line::What what_of(AlertState state) {
  switch (state) {
    case AlertState::pending: return Line::What::pending;
    case AlertState::firing: return Line::What::raised;
    case AlertState::recovering: return Line::What::recovering;
    case AlertState::resolved: break;
  }
  return Line::What::resolved;
}

class Ours final : public Policy {
 public:
  explicit Ours(const Config& config) : config_(config), engine_(config) {}
  const char* name() const override { return "ours"; }

  std::vector<Line> tick(const Tick& tick) override {
    std::vector<Line> lines;
    for (const AlertTransition& t : engine_.evaluate(tick.snapshot, tick.monotonic, tick.wall)) {
      Line line;
      line.at = tick.monotonic;
      line.wall = t.wall_ns;
      line.what = what_of(t.state);
      line.alert = t.alert;
      line.level = t.level;
      line.operation = t.operation;
      line.group = group_of(t);
      line.text = t.message;
      lines.push_back(std::move(line));
    }
    return lines;
  }

  std::size_t state_bytes() const override { return engine_.encode().size(); }

  void restart() override {
    const std::string saved = engine_.encode();
    engine_ = AlertEngine(config_);
    std::string why;
    if (!engine_.decode(saved, &why))
      throw std::runtime_error("the engine does not take its own state back: " + why);
  }

 private:
  const Config config_;
  AlertEngine engine_;
};

}  // namespace

std::unique_ptr<Policy> make_ours(const Config& config) { return std::make_unique<Ours>(config); }

}  // namespace ringside::simulate
