#include "tools/simulate/kinds.h"

namespace ringside::simulate {

const std::vector<ScenarioKind>& scenario_kinds() {
  static const std::vector<ScenarioKind> kinds = [] {
    std::vector<ScenarioKind> all;
    for (const auto& part : {calm_kinds(), database_kinds(), server_kinds(), work_kinds(),
                             client_kinds(), host_kinds(), post_mortem_kinds(), long_kinds()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return kinds;
}

const ScenarioKind* scenario_kind(const std::string& name) {
  for (const ScenarioKind& kind : scenario_kinds()) {
    if (name == kind.name) return &kind;
  }
  return nullptr;
}

}  // namespace ringside::simulate
