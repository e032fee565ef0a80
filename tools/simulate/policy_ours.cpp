#include <stdexcept>

#include "daemon/alerts/alert_engine.h"
#include "tools/simulate/policy.h"

namespace ringside::simulate {
namespace {

Line::What what_of(AlertState state) {
  return state == AlertState::ended ? Line::What::resolved : Line::What::raised;
}

// The lines are those that the alert log has by default: those of incidents.
class Ours final : public Policy {
 public:
  explicit Ours(const Config& config) : config_(config), engine_(config) {}
  const char* name() const override { return "ours"; }

  std::vector<Line> tick(const Tick& tick) override {
    std::vector<Line> lines;
    for (const AlertTransition& t : engine_.evaluate(tick.snapshot, tick.monotonic, tick.wall)) {
      if (!is_logged(t.state)) continue;
      Line line;
      line.at = tick.monotonic;
      line.wall = t.wall_ns;
      line.what = what_of(t.state);
      line.alert = t.alert;
      line.level = t.level;
      line.operation = t.operation;
      line.group = t.incident;
      line.text = t.message;
      lines.push_back(std::move(line));
    }
    return lines;
  }

  bool urgent(const Pulse& pulse, Ns monotonic) override {
    return engine_.urgent(pulse, monotonic);
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
