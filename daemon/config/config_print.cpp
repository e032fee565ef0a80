#include "daemon/config/config_print.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <vector>

#include "daemon/config/config_keys.h"
#include "report/model/format.h"

namespace ringside {
namespace {

bool bare_key(std::string_view key) {
  return !key.empty() && key.find_first_not_of(
                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                             std::string_view::npos;
}

std::string list_text(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + toml_string(text);
  return "[" + out + "]";
}

// A field leads to its member by a writable reference. Printing only reads, from a copy of its own.
template <typename Root>
struct Print {
  Root& root;
  std::string operator()(const DurationField<Root>& f) const {
    return toml_string(write_duration(f.at(root)));
  }
  std::string operator()(const SizeField<Root>& f) const {
    return toml_string(write_size(f.at(root)));
  }
  std::string operator()(const FrequencyField<Root>& f) const {
    return toml_string(write_frequency(f.at(root)));
  }
  std::string operator()(const IntegerField<Root>& f) const {
    return fmt::format("{}", f.at(root));
  }
  std::string operator()(const NumberField<Root>& f) const { return write_number(f.at(root)); }
  std::string operator()(const SwitchField<Root>& f) const { return f.at(root) ? "true" : "false"; }
  std::string operator()(const PathField<Root>& f) const { return toml_string(f.at(root)); }
  std::string operator()(const ChoiceField<Root>& f) const { return toml_string(f.at(root)); }
  std::string operator()(const ChoicesField<Root>& f) const { return list_text(f.at(root)); }
  std::string operator()(const RingsField<Root>& f) const { return list_text(f.at(root)); }
  std::string operator()(const LevelsField<Root>& f) const {
    std::string out;
    for (std::size_t i = 0; i < kAlertLevels; ++i) {
      const auto& level = f.at(root).bounds[i];
      if (!level) continue;
      out += fmt::format("{} {} = [{}, {}]", out.empty() ? "" : ",", kAlertLevelNames[i],
                         write_number(level->raise), write_number(level->clear));
    }
    return out.empty() ? "{}" : "{" + out + " }";
  }
  std::string operator()(const PatternsField<Root>& f) const { return list_text(f.at(root)); }
  std::string operator()(const TextsField<Root>& f) const { return list_text(f.at(root)); }
  std::string operator()(const RingField<Root>& f) const { return toml_string(f.at(root)); }
  std::string operator()(const NameField<Root>& f) const { return toml_string(f.at(root)); }
  std::string operator()(const UrlField<Root>& f) const { return toml_string(f.at(root)); }
};

std::string comment(std::string_view text) {
  std::string out;
  std::string line = "#";
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > 100) {
      out += line + "\n";
      line = "#";
    }
    line += " " + word;
  }
  return out + line + "\n";
}

template <typename Root>
void print_key(std::string& out, const ConfigKey<Root>& key, const Root& root, const Root& defaults,
               Comments comments) {
  if (comments == Comments::with) {
    out += "\n" + comment(key.doc);
    out += comment(
        fmt::format("Allowed: {}. Default: {}.", allowed_text(key), value_text(key, defaults)));
  }
  out += fmt::format("{} = {}\n", key.path.substr(key.path.rfind('.') + 1), value_text(key, root));
}

std::string default_text(const ConfigKey<ReceiverConfig>& key) {
  return value_text(key, ReceiverConfig{});
}
// An objective of all rings, and of all operations that don't wait for their client, names none.
std::string default_text(const ConfigKey<ObjectiveConfig>& key) {
  if (key.path == "operations" || key.path == "response_time") return "none";
  return value_text(key, ObjectiveConfig{});
}

void print_owners(std::string& out, const Config& config, Comments comments) {
  if (comments == Comments::with) {
    out += "\n" + comment(fmt::format("{} Allowed: {}, such as chat = \"irc\". Default: none.",
                                      kOwnersDoc, kOwnerAllowed));
  }
  if (!config.owners.empty()) out += fmt::format("\n[{}]\n", kOwnersTable);
  for (const auto& [ring, owner] : config.owners) {
    out += fmt::format("{} = {}\n", bare_key(ring) ? ring : toml_string(ring),
                       owner.name.empty() ? std::to_string(owner.uid) : toml_string(owner.name));
  }
}

void print_operations(std::string& out, const Thresholds& thresholds, Comments comments) {
  if (comments == Comments::with) {
    out += "\n" + comment(
                      "Thresholds of single operations: a table [thresholds.operations.NAME] for "
                      "each, in which "
                      "any of these keys may stand.");
    for (const auto& key : operation_keys()) {
      out += comment(fmt::format("{}: {} Allowed: {}.", key.path, key.doc, allowed_text(key)));
    }
  }
  for (const auto& [name, own] : thresholds.operations) {
    out += fmt::format("\n[{}]\n", toml_path(std::string(kOperationsTable), name));
    if (own.response_ns > 0)
      out += fmt::format("response_time = {}\n", toml_string(write_duration(own.response_ns)));
    if (own.error_percent >= 0)
      out += fmt::format("error_rate_percent = {}\n", write_number(own.error_percent));
  }
}

// A key at its default is left out, so that what is only for one kind does not stand in the other.
template <typename Root>
void print_tables(std::string& out, std::string_view table, const std::vector<Root>& roots,
                  std::span<const ConfigKey<Root>> keys) {
  const Root defaults;
  for (const Root& root : roots) {
    out += fmt::format("\n[[{}]]\n", table);
    for (const auto& key : keys) {
      const std::string value = value_text(key, root);
      if (value != value_text(key, defaults)) out += fmt::format("{} = {}\n", key.path, value);
    }
  }
}

template <typename Root>
void print_table_keys(std::string& out, const std::string& words,
                      std::span<const std::string_view> needs,
                      std::span<const ConfigKey<Root>> keys) {
  out += "\n" + comment(fmt::format("{} {}, {} and {} must stand in it, the other keys may.", words,
                                    needs[0], needs[1], needs[2]));
  for (const auto& key : keys) {
    const bool needed = std::find(needs.begin(), needs.end(), key.path) != needs.end();
    out += comment(fmt::format("{}: {} Allowed: {}. Default: {}.", key.path, key.doc,
                               allowed_text(key), needed ? "none" : default_text(key)));
  }
}

void print_receivers(std::string& out, const Config& config, Comments comments) {
  if (comments == Comments::with) {
    print_table_keys(out,
                     fmt::format("Who is told of alerts: a table [[receivers]] for each, {} at "
                                 "most.",
                                 kMostReceivers),
                     kReceiverNeeds, receiver_keys());
  }
  print_tables(out, kReceiversTable, config.receivers, receiver_keys());
}

void print_objectives(std::string& out, const Config& config, Comments comments) {
  if (comments == Comments::with) {
    print_table_keys(out,
                     fmt::format("Which share of calls must be good over 30 days: a table "
                                 "[[objectives]] for each, {} at most. slo_burn is raised when "
                                 "what may be bad is used up too fast.",
                                 kMostObjectives),
                     kObjectiveNeeds, objective_keys());
  }
  print_tables(out, kObjectivesTable, config.objectives, objective_keys());
}

}  // namespace

std::string value_text(const ConfigKey<Config>& key, const Config& root) {
  Config copy = root;
  return std::visit(Print<Config>{copy}, key.field);
}
std::string value_text(const ConfigKey<OperationThresholds>& key, const OperationThresholds& root) {
  OperationThresholds copy = root;
  return std::visit(Print<OperationThresholds>{copy}, key.field);
}
std::string value_text(const ConfigKey<ReceiverConfig>& key, const ReceiverConfig& root) {
  ReceiverConfig copy = root;
  return std::visit(Print<ReceiverConfig>{copy}, key.field);
}

std::string value_text(const ConfigKey<ObjectiveConfig>& key, const ObjectiveConfig& root) {
  ObjectiveConfig copy = root;
  return std::visit(Print<ObjectiveConfig>{copy}, key.field);
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string toml_path(const std::string& table, std::string_view key) {
  const std::string part = bare_key(key) ? std::string(key) : escape_visible(toml_string(key));
  return table.empty() ? part : table + "." + part;
}

std::string print_changed(const Config& config) {
  const Config defaults;
  std::string out;
  std::string table;
  for (const auto& key : config_keys()) {
    const std::size_t dot = key.path.rfind('.');
    const std::string in(dot == std::string_view::npos ? std::string_view{}
                                                       : key.path.substr(0, dot));
    if (value_text(key, config) == value_text(key, defaults)) continue;
    if (in != table) out += fmt::format("\n[{}]\n", in);
    table = in;
    print_key(out, key, config, defaults, Comments::without);
  }
  if (config.thresholds.operations != defaults.thresholds.operations)
    print_operations(out, config.thresholds, Comments::without);
  print_owners(out, config, Comments::without);
  print_receivers(out, config, Comments::without);
  print_objectives(out, config, Comments::without);
  return out.starts_with('\n') ? out.substr(1) : out;
}

std::string print_config(const Config& config, Comments comments) {
  const Config defaults;
  std::string out;
  std::string table;
  for (const auto& key : config_keys()) {
    const std::size_t dot = key.path.rfind('.');
    const std::string in(dot == std::string_view::npos ? std::string_view{}
                                                       : key.path.substr(0, dot));
    if (in != table) {
      // The owners follow what stands in no table, where the rings are.
      if (table.empty()) print_owners(out, config, comments);
      // The tables of single operations follow the [thresholds] table that they belong to.
      if (table == "thresholds") print_operations(out, config.thresholds, comments);
      out += fmt::format("\n[{}]\n", in);
      table = in;
    }
    print_key(out, key, config, defaults, comments);
  }
  print_receivers(out, config, comments);
  print_objectives(out, config, comments);
  return out.starts_with('\n') ? out.substr(1) : out;
}

}  // namespace ringside
