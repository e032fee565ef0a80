// Traffic that moves between the operations of a ring.
#include <cmath>
#include <utility>

#include "report/analysis/regression_watch.h"

namespace ringside {
namespace {

constexpr double kLeastMixRise = 0.10;
constexpr double kMixOrigin = 20;           // a level of exactly 0 is one that is not known
constexpr std::size_t kLeastMixWindow = 6;  // points

}  // namespace

double RegressionWatch::mean_level(double mean_ns, double usual_ns) {
  return kMixOrigin + std::log(mean_ns / usual_ns);
}

// The mean of the usual calls of a ring; 0: not known.
double RegressionWatch::usual_call_ns(const std::string& name) const {
  double calls = 0;
  double ns = 0;
  for (const auto& [key, operation] : operations_) {
    if (key.first != name) continue;
    calls += operation.typical_calls();
    ns += operation.typical_calls() * operation.typical_ns();
  }
  return calls > 0 ? ns / calls : 0;
}

// The mean over all operations if each takes as long as usual: it rises only when more of the calls
// are of slow operations.
void RegressionWatch::watch_mix(const std::string& name, Ring& ring, std::int64_t wall_s,
                                double calls, double ns, bool learn) {
  ring.typical_ns = usual_call_ns(name);
  if (ns <= 0 || ring.typical_ns <= 0) return;
  FigureLimits limits = certainty_;
  limits.least_effect = std::log1p(kLeastMixRise);
  limits.least_window = kLeastMixWindow;
  const FigureWatch::Change change =
      ring.mean.add(wall_s, mean_level(ns / calls, ring.typical_ns),
                    static_cast<std::uint64_t>(calls), limits, learn);
  if (change == FigureWatch::Change::rose) open_mix(name, ring, wall_s);
  if (RegressionFinding* found = ring.findings.ongoing(); found != nullptr && ring.mean.risen())
    found->seen_wall_s = wall_s + 60;
}

void RegressionWatch::follow_mix(Ring& ring, std::int64_t end_wall_s) {
  const bool lost = ring.mean.end_minute();
  if (lost) ring.mean.forget();
  if (RegressionFinding* found = ring.findings.ongoing()) {
    if (!ring.mean.risen()) {
      found->end(end_wall_s,
                 lost ? RegressionView::Ending::not_seen : RegressionView::Ending::went_away);
    } else if (found->minutes * 60 >= OperationWatch::kAcceptMixS) {
      ring.mean.accept();
      found->end(end_wall_s, RegressionView::Ending::usual_now);
    }
  }
  ring.findings.end_minute(options_.kept_s);
}

// Clients who wait for their answers call less when these are slower. That is no other mix.
void RegressionWatch::open_mix(const std::string& name, Ring& ring, std::int64_t wall_s) {
  for (const auto& [key, operation] : operations_) {
    if (key.first != name || !operation.slower()) continue;
    ring.mean.forget();
    return;
  }
  RegressionFinding found;
  found.ring = name;
  found.kind = RegressionFinding::Kind::mix_shift;
  found.figure = "mean";
  found.since_wall_s = ring.mean.since_wall_s();
  found.found_wall_s = found.seen_wall_s = wall_s + 60;
  found.before_ns = ring.typical_ns * std::exp(ring.mean.usual_level() - kMixOrigin);
  found.now_ns = found.before_ns * std::exp(ring.mean.effect());
  found.effect_percent = 100 * std::expm1(ring.mean.effect());
  ring.findings.open(std::move(found));
}

}  // namespace ringside
