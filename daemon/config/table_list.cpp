#include "daemon/config/table_list.h"

#include <set>

namespace ringside {

const toml::array* tables_of(const TableList& list, const toml::node& node,
                             const TomlError& error) {
  const auto* tables = node.as_array();
  const bool good = tables != nullptr && tables->size() <= list.most &&
                    std::all_of(tables->begin(), tables->end(),
                                [](const toml::node& one) { return one.is_table(); });
  if (good) return tables;
  error(node.source(),
        fmt::format(
            "{}: found {}, allowed: up to {} tables [[{}]]", list.name,
            tables != nullptr ? fmt::format("a list of {}", tables->size()) : "no list of tables",
            list.most, list.name),
        fmt::format("write [[{}]] on a line of its own, and the {}'s keys below it", list.name,
                    list.one));
  return nullptr;
}

void check_names(const TableList& list, const toml::array& tables, const TomlError& error) {
  std::set<std::string> names;
  for (const auto& entry : tables) {
    const auto* table = entry.as_table();
    const auto* name = table != nullptr ? table->get("name") : nullptr;
    const auto* text = name != nullptr ? name->as_string() : nullptr;
    if (text == nullptr || names.insert(text->get()).second) continue;
    error(name->source(),
          fmt::format("{}: found {} twice, allowed: a name for each", full_name(list, "name"),
                      found_text(*name)),
          "give one of them another name");
  }
}

}  // namespace ringside
