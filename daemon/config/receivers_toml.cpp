#include "daemon/config/receivers_toml.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "daemon/config/config_keys.h"
#include "daemon/config/config_print.h"
#include "daemon/config/toml_store.h"

namespace ringside {
namespace {

using Key = ConfigKey<ReceiverConfig>;

// The path of a key within messages: "receivers.url".
std::string full_name(std::string_view key) { return toml_path(std::string(kReceiversTable), key); }

// A URL may hold a password, and the message goes into a log.
std::string found_in(const Key& key, const toml::node& node) {
  const auto* text = node.as_string();
  if (text == nullptr || !std::holds_alternative<UrlField<ReceiverConfig>>(key.field))
    return found_text(node);
  return fmt::format("another text of {} bytes (not shown: it may hold a password)",
                     text->get().size());
}

std::string instance_of(const Key& key) {
  if (key.path == "name") return "\"pager\"";
  if (key.path == "kind") return "\"webhook\"";
  if (key.path == "url") return "\"https://hooks.example/alerts\"";
  return value_text(key, ReceiverConfig{});
}

class ReceiverReader {
 public:
  ReceiverReader(const toml::table& table, const TomlError& error) : table_(table), error_(error) {}

  // The receiver, whole only where no error was found.
  ReceiverConfig read() {
    for (auto&& [key, node] : table_) read_key(std::string(key.str()), key.source(), node);
    for (const std::string_view needed : kReceiverNeeds) {
      if (table_.contains(needed)) continue;
      error_(table_.source(), fmt::format("{}: found none, needed in each table [[{}]]",
                                          full_name(needed), kReceiversTable),
             fmt::format("for instance {} = {}", needed, instance_of(key_named(needed))));
    }
    refuse_keys_of_other_kinds();
    return receiver_;
  }

 private:
  static const Key& key_named(std::string_view name) {
    const auto keys = receiver_keys();
    return *std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.path == name; });
  }

  void read_key(const std::string& name, const toml::source_region& at, const toml::node& node) {
    const auto keys = receiver_keys();
    const auto known =
        std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.path == name; });
    if (known == keys.end()) {
      std::vector<std::string> names;
      for (const Key& key : keys) names.push_back(full_name(key.path));
      const UnknownKey unknown = unknown_key(full_name(name), names);
      error_(at, unknown.what, unknown.next);
      return;
    }
    if (std::visit(Store<ReceiverConfig>{node, receiver_}, known->field)) return;
    error_(node.source(), fmt::format("{}: found {}, allowed: {}", full_name(name),
                                      found_in(*known, node), allowed_text(*known)),
           fmt::format("for instance {} = {}", name, instance_of(*known)));
  }

  void refuse_keys_of_other_kinds() {
    for (const auto& [key, kind] : kKeysOfKind) {
      const toml::node* node = table_.get(key);
      if (node == nullptr || receiver_.kind.empty() || receiver_.kind == kind) continue;
      error_(node->source(),
             fmt::format("{}: found it with kind = \"{}\", allowed: only with kind = \"{}\"",
                         full_name(key), receiver_.kind, kind),
             "remove it, or change the kind");
    }
  }

  const toml::table& table_;
  const TomlError& error_;
  ReceiverConfig receiver_;
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

void read_receivers(const toml::node& node, std::vector<ReceiverConfig>& receivers,
                    const TomlError& error) {
  const auto* tables = node.as_array();
  const bool good = tables != nullptr && tables->size() <= kMostReceivers &&
                    std::all_of(tables->begin(), tables->end(),
                                [](const toml::node& one) { return one.is_table(); });
  if (!good) {
    error(node.source(),
          fmt::format("{}: found {}, allowed: up to {} tables [[{}]]", kReceiversTable,
                      tables != nullptr ? fmt::format("a list of {}", tables->size())
                                        : "no list of tables",
                      kMostReceivers, kReceiversTable),
          fmt::format("write [[{}]] on a line of its own, and the receiver's keys below it",
                      kReceiversTable));
    return;
  }
  receivers.clear();
  for (const auto& entry : *tables)
    receivers.push_back(ReceiverReader(*entry.as_table(), error).read());
  check_names(*tables, error);
}

}  // namespace ringside
