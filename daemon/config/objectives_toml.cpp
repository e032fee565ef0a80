#include "daemon/config/objectives_toml.h"

namespace ringside {
namespace {

constexpr TableList kObjectives{kObjectivesTable, "objective", kMostObjectives};

std::string instance_of_objective(const ConfigKey<ObjectiveConfig>& key) {
  if (key.path == "name") return "\"sending\"";
  if (key.path == "kind") return "\"errors\"";
  if (key.path == "target_percent") return "99.9";
  if (key.path == "response_time") return "\"500ms\"";
  if (key.path == "operations") return "[\"SEND_*\"]";
  return value_text(key, ObjectiveConfig{});
}

ObjectiveConfig read_objective(const toml::table& table, const TomlError& error) {
  TableReader<ObjectiveConfig> reader(kObjectives, objective_keys(), instance_of_objective, table,
                                      error);
  reader.read(kObjectiveNeeds);
  if (!reader.good()) return reader.value();
  // What could never be raised, or would always be.
  const ObjectiveFault fault = fault_of(reader.value());
  if (fault.what.empty()) return reader.value();
  const toml::node* node = table.get(fault.key);
  reader.fail(node != nullptr ? node->source() : table.source(), fault.key, fault.what, fault.next);
  return reader.value();
}

}  // namespace

void read_objectives(const toml::node& node, std::vector<ObjectiveConfig>& objectives,
                     const TomlError& error) {
  const toml::array* tables = tables_of(kObjectives, node, error);
  if (tables == nullptr) return;
  objectives.clear();
  for (const auto& entry : *tables) objectives.push_back(read_objective(*entry.as_table(), error));
  check_names(kObjectives, *tables, error);
}

}  // namespace ringside
