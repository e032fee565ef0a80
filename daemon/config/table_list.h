// Reads lists of tables, such as [[receivers]]: what they have in common.
#pragma once

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/config/config_keys.h"
#include "daemon/config/config_print.h"
#include "daemon/config/toml_store.h"

namespace ringside {

// Takes an error: where, what was found and is allowed, and what to do next.
using TomlError = std::function<void(const toml::source_region& at, const std::string& what,
                                     const std::string& next)>;

struct TableList {
  std::string_view name;  // "receivers"
  std::string_view one;   // "receiver"
  std::size_t most;
};

// The path of a key within messages: "receivers.url".
inline std::string full_name(const TableList& list, std::string_view key) {
  return toml_path(std::string(list.name), key);
}

// The list itself. Null after an error: it is no list of tables, or has too many.
const toml::array* tables_of(const TableList& list, const toml::node& node, const TomlError& error);
// Refuses a `name` that two tables have.
void check_names(const TableList& list, const toml::array& tables, const TomlError& error);

// Reads one table by its keys. `instance_of` gives a value as an example.
template <typename T>
class TableReader {
 public:
  using Key = ConfigKey<T>;

  TableReader(const TableList& list, std::span<const Key> keys,
              std::string (*instance_of)(const Key&), const toml::table& table,
              const TomlError& error)
      : list_(list), keys_(keys), instance_of_(instance_of), table_(table), error_(error) {}

  template <typename Needs>
  void read(const Needs& needs) {
    for (auto&& [key, node] : table_) read_key(std::string(key.str()), key.source(), node);
    for (const std::string_view needed : needs) {
      if (table_.contains(needed)) continue;
      fail(table_.source(), needed,
           fmt::format("found none, needed in each table [[{}]]", list_.name),
           fmt::format("for instance {} = {}", needed, instance_of_(*find(needed))));
    }
  }

  // Whole only where no error was found.
  T& value() { return value_; }
  bool good() const { return good_; }
  const toml::table& table() const { return table_; }
  void fail(const toml::source_region& at, std::string_view key, const std::string& what,
            const std::string& next) {
    good_ = false;
    error_(at, full_name(list_, key) + ": " + what, next);
  }

 private:
  auto find(std::string_view name) const {
    return std::find_if(keys_.begin(), keys_.end(), [&](const Key& k) { return k.path == name; });
  }

  void read_key(const std::string& name, const toml::source_region& at, const toml::node& node) {
    const auto known = find(name);
    if (known == keys_.end()) {
      std::vector<std::string> names;
      for (const Key& key : keys_) names.push_back(full_name(list_, key.path));
      const UnknownKey unknown = unknown_key(full_name(list_, name), names);
      good_ = false;
      error_(at, unknown.what, unknown.next);
      return;
    }
    if (std::visit(Store<T>{node, value_}, known->field)) return;
    fail(node.source(), name,
         fmt::format("found {}, allowed: {}", found_in(*known, node), allowed_text(*known)),
         fmt::format("for instance {} = {}", name, instance_of_(*known)));
  }

  // A URL may hold a password, and the message goes into a log.
  static std::string found_in(const Key& key, const toml::node& node) {
    const auto* text = node.as_string();
    if (text == nullptr || !std::holds_alternative<UrlField<T>>(key.field)) return found_text(node);
    return fmt::format("another text of {} bytes (not shown: it may hold a password)",
                       text->get().size());
  }

  const TableList& list_;
  const std::span<const Key> keys_;
  std::string (*const instance_of_)(const Key&);
  const toml::table& table_;
  const TomlError& error_;
  T value_;
  bool good_ = true;
};

}  // namespace ringside
