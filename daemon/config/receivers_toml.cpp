#include "daemon/config/receivers_toml.h"

namespace ringside {
namespace {

constexpr TableList kReceivers{kReceiversTable, "receiver", kMostReceivers};

std::string instance_of_receiver(const ConfigKey<ReceiverConfig>& key) {
  if (key.path == "name") return "\"pager\"";
  if (key.path == "kind") return "\"webhook\"";
  if (key.path == "url") return "\"https://hooks.example/alerts\"";
  return value_text(key, ReceiverConfig{});
}

ReceiverConfig read_receiver(const toml::table& table, const TomlError& error) {
  TableReader<ReceiverConfig> reader(kReceivers, receiver_keys(), instance_of_receiver, table,
                                     error);
  reader.read(kReceiverNeeds);
  for (const auto& [key, kind] : kKeysOfKind) {
    const toml::node* node = table.get(key);
    const std::string& own = reader.value().kind;
    if (node == nullptr || own.empty() || own == kind) continue;
    reader.fail(
        node->source(), key,
        fmt::format("found it with kind = \"{}\", allowed: only with kind = \"{}\"", own, kind),
        "remove it, or change the kind");
  }
  return reader.value();
}

}  // namespace

void read_receivers(const toml::node& node, std::vector<ReceiverConfig>& receivers,
                    const TomlError& error) {
  const toml::array* tables = tables_of(kReceivers, node, error);
  if (tables == nullptr) return;
  receivers.clear();
  for (const auto& entry : *tables) receivers.push_back(read_receiver(*entry.as_table(), error));
  check_names(kReceivers, *tables, error);
}

}  // namespace ringside
