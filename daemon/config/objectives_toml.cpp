#include "daemon/config/objectives_toml.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "daemon/config/config_keys.h"
#include "daemon/config/config_print.h"
#include "daemon/config/toml_store.h"

namespace ringside {
namespace {

using Key = ConfigKey<ObjectiveConfig>;

// The path of a key within messages: "objectives.kind".
std::string full_name(std::string_view key) {
  return toml_path(std::string(kObjectivesTable), key);
}

std::string instance_of(const Key& key) {
  if (key.path == "name") return "\"sending\"";
  if (key.path == "kind") return "\"errors\"";
  if (key.path == "target_percent") return "99.9";
  if (key.path == "response_time") return "\"500ms\"";
  if (key.path == "operations") return "[\"SEND_*\"]";
  return value_text(key, ObjectiveConfig{});
}

class ObjectiveReader {
 public:
  ObjectiveReader(const toml::table& table, const TomlError& error)
      : table_(table), error_(error) {}

  // The objective, whole only where no error was found.
  ObjectiveConfig read() {
    for (auto&& [key, node] : table_) read_key(std::string(key.str()), key.source(), node);
    for (const std::string_view needed : kObjectiveNeeds) {
      if (table_.contains(needed)) continue;
      fail(table_.source(), needed,
           fmt::format("found none, needed in each table [[{}]]", kObjectivesTable),
           fmt::format("for instance {} = {}", needed, instance_of(key_named(needed))));
    }
    if (good_) check_together();
    return objective_;
  }

 private:
  static const Key& key_named(std::string_view name) {
    const auto keys = objective_keys();
    return *std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.path == name; });
  }

  void fail(const toml::source_region& at, std::string_view key, const std::string& what,
            const std::string& next) {
    good_ = false;
    error_(at, full_name(key) + ": " + what, next);
  }

  void read_key(const std::string& name, const toml::source_region& at, const toml::node& node) {
    const auto keys = objective_keys();
    const auto known =
        std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.path == name; });
    if (known == keys.end()) {
      std::vector<std::string> names;
      for (const Key& key : keys) names.push_back(full_name(key.path));
      const UnknownKey unknown = unknown_key(full_name(name), names);
      good_ = false;
      error_(at, unknown.what, unknown.next);
      return;
    }
    if (std::visit(Store<ObjectiveConfig>{node, objective_}, known->field)) return;
    fail(node.source(), name,
         fmt::format("found {}, allowed: {}", found_text(node), allowed_text(*known)),
         fmt::format("for instance {} = {}", name, instance_of(*known)));
  }

  // What could never be raised, or would always be.
  void check_together() {
    const ObjectiveFault fault = fault_of(objective_);
    if (fault.what.empty()) return;
    const toml::node* node = table_.get(fault.key);
    fail(node != nullptr ? node->source() : table_.source(), fault.key, fault.what, fault.next);
  }

  const toml::table& table_;
  const TomlError& error_;
  ObjectiveConfig objective_;
  bool good_ = true;
};

void check_names(const toml::array& tables, const TomlError& error) {
  std::set<std::string> names;
  for (const auto& entry : tables) {
    const auto* table = entry.as_table();
    const auto* name = table != nullptr ? table->get("name") : nullptr;
    const auto* text = name != nullptr ? name->as_string() : nullptr;
    if (text == nullptr || names.insert(text->get()).second) continue;
    error(name->source(),
          fmt::format("{}: found {} twice, allowed: a name for each", full_name("name"),
                      found_text(*name)),
          "give one of them another name");
  }
}

}  // namespace

void read_objectives(const toml::node& node, std::vector<ObjectiveConfig>& objectives,
                     const TomlError& error) {
  const auto* tables = node.as_array();
  const bool good = tables != nullptr && tables->size() <= kMostObjectives &&
                    std::all_of(tables->begin(), tables->end(),
                                [](const toml::node& one) { return one.is_table(); });
  if (!good) {
    error(node.source(),
          fmt::format(
              "{}: found {}, allowed: up to {} tables [[{}]]", kObjectivesTable,
              tables != nullptr ? fmt::format("a list of {}", tables->size()) : "no list of tables",
              kMostObjectives, kObjectivesTable),
          fmt::format("write [[{}]] on a line of its own, and the objective's keys below it",
                      kObjectivesTable));
    return;
  }
  objectives.clear();
  for (const auto& entry : *tables)
    objectives.push_back(ObjectiveReader(*entry.as_table(), error).read());
  check_names(*tables, error);
}

}  // namespace ringside
