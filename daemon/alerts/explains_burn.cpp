#include "daemon/alerts/explains_burn.h"

#include <string_view>

#include "daemon/alerts/normals.h"

namespace ringside {
namespace {

// A budget that burns is the symptom of any trouble with the same calls. Its suspect is the
// operation that most of it comes from.
bool burns_budget(const AlertTransition& cause, const AlertTransition& burn) {
  switch (cause.alert) {
    case AlertType::server_down: return cause.figure != kTrafficFigure;
    case AlertType::system_overload:
    case AlertType::database_issue: return true;
    case AlertType::high_error_rate:
    case AlertType::high_latency:
      return cause.operation.empty() || burn.suspect.empty() || burn.suspect == cause.operation;
    default: return false;
  }
}

// The figures of one objective, "logins.fast" and "logins.slow", or what comes from one operation.
bool same_burn(const AlertTransition& a, const AlertTransition& b) {
  const auto objective = [](const AlertTransition& t) {
    return std::string_view(t.figure).substr(0, t.figure.rfind('.'));
  };
  return objective(a) == objective(b) || (!a.suspect.empty() && a.suspect == b.suspect);
}

}  // namespace

bool explains_burn(const AlertTransition& cause, const AlertTransition& burn) {
  return cause.alert == AlertType::slo_burn ? same_burn(cause, burn) : burns_budget(cause, burn);
}

}  // namespace ringside
