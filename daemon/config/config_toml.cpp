// Reads TOML into a Config. Everything about keys comes from the table in config_keys. config_print
// does the reverse.
#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <toml++/toml.h>

#include "daemon/config/config_keys.h"
#include "daemon/config/config_print.h"
#include "daemon/config/objectives_toml.h"
#include "daemon/config/receivers_toml.h"
#include "daemon/config/toml_store.h"
#include "daemon/config/toml_values.h"
#include "daemon/config/users.h"
#include "report/model/format.h"
#include "shm/segment.h"

namespace ringside {
namespace {

// The tables of keys, and the names of everything that a file may set.
struct KnownNames {
  std::set<std::string> tables{std::string(kOperationsTable), std::string(kOwnersTable),
                               std::string(kReceiversTable), std::string(kObjectivesTable)};
  std::vector<std::string> all;  // keys, then tables
};

const KnownNames& known_names() {
  static const KnownNames known = [] {
    KnownNames names;
    for (const auto& key : config_keys()) {
      names.all.emplace_back(key.path);
      for (std::size_t dot = key.path.find('.'); dot != std::string_view::npos;
           dot = key.path.find('.', dot + 1)) {
        names.tables.emplace(key.path.substr(0, dot));
      }
    }
    names.all.insert(names.all.end(), names.tables.begin(), names.tables.end());
    return names;
  }();
  return known;
}

class Reader {
 public:
  Reader(std::string file, const std::vector<std::string>& flag_rings, ConfigResult& result)
      : file_(std::move(file)), flag_rings_(flag_rings), result_(result) {}

  void read(const toml::table& table, const std::string& path) {
    for (auto&& [key, node] : table) {
      const std::string full = toml_path(path, key.str());
      const auto keys = config_keys();
      const auto known =
          std::find_if(keys.begin(), keys.end(), [&](const auto& k) { return k.path == full; });
      if (known != keys.end()) {
        set(*known, node, full, result_.config);
      } else if (path == kOwnersTable) {
        read_owner(std::string(key.str()), node, full, key.source());
      } else if (full == kReceiversTable) {
        read_receivers(node, result_.config.receivers,
                       [this](const toml::source_region& at, const std::string& what,
                              const std::string& next) { error(at, what, next); });
      } else if (full == kObjectivesTable) {
        objectives_ = node.source();
        read_objectives(node, result_.config.objectives,
                        [this](const toml::source_region& at, const std::string& what,
                               const std::string& next) { error(at, what, next); });
      } else if (path == kOperationsTable) {
        read_operation(std::string(key.str()), node, full, key.source());
      } else if (known_names().tables.contains(full)) {
        if (const auto* inner = node.as_table()) {
          read(*inner, full);
        } else {
          error(node.source(),
                fmt::format("{}: found {}, allowed: a table of keys", full, found_text(node)),
                fmt::format("write [{}] on a line of its own, and its keys below it", full));
        }
      } else {
        unknown(full, key.source(), known_names().all);
      }
    }
  }

  // Checks what concerns two keys together. The error points at one of them that the file sets. The
  // defaults agree with each other, so the file sets at least one.
  void check_together() {
    const AlertConfig& alerts = result_.config.alerts;
    if (alerts.raise_ticks > alerts.of_ticks) {
      error(alert_ticks_,
            fmt::format(
                "alerts.raise_ticks: found {} with alerts.of_ticks = {}, allowed: at most as many",
                alerts.raise_ticks, alerts.of_ticks),
            "raise alerts.of_ticks, or lower alerts.raise_ticks");
    }
    // Where `rings` is wrong, nobody can know which entries are.
    if (rings_wrong_) return;
    const bool by_flags = !flag_rings_.empty();
    const std::vector<std::string>& rings = by_flags ? flag_rings_ : result_.config.rings;
    for (const auto& [ring, at] : owned_) {
      if (std::find(rings.begin(), rings.end(), ring) != rings.end()) continue;
      result_.config.owners.erase(ring);
      if (!by_flags) owner_of_no_ring(ring, at);
    }
    if (!by_flags) objectives_of_no_ring();
  }

  void error(const toml::source_region& at, const std::string& what, const std::string& next) {
    errors_.push_back({at.begin.line, at.begin.column,
                       fmt::format("{}:{}:{}: {}\n  next: {}", file_, at.begin.line,
                                   at.begin.column, what, next)});
  }

  // Sorts the errors in the order of the file. The parser's tables are sorted by name.
  void finish() {
    std::stable_sort(errors_.begin(), errors_.end(), [](const Error& a, const Error& b) {
      return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    });
    for (Error& e : errors_) result_.errors.push_back(std::move(e.text));
  }

 private:
  struct Error {
    toml::source_index line, column;
    std::string text;
  };

  template <typename Root>
  void set(const ConfigKey<Root>& key, const toml::node& node, const std::string& full,
           Root& root) {
    if (full == "alerts.raise_ticks" || full == "alerts.of_ticks") alert_ticks_ = node.source();
    if (std::visit(Store<Root>{node, root}, key.field)) return;
    if (full == "rings") rings_wrong_ = true;
    Root defaults{};
    if constexpr (std::is_same_v<Root, OperationThresholds>) {
      const Thresholds shipped;
      defaults = {shipped.response_ns, shipped.error_percent};
    }
    // What is empty by default is no instance.
    if constexpr (std::is_same_v<Root, Config>) defaults.otlp.url = "http://localhost:4318";
    error(node.source(),
          fmt::format("{}: found {}, allowed: {}", full, found_text(node), allowed_text(key)),
          fmt::format("for instance {} = {}", key.path.substr(key.path.rfind('.') + 1),
                      value_text(key, defaults)));
  }

  void read_owner(const std::string& ring, const toml::node& node, const std::string& full,
                  const toml::source_region& at) {
    owned_.emplace_back(ring, at);
    if (const auto* number = node.as_integer();
        number != nullptr && number->get() >= 0 && number->get() < UINT32_MAX) {
      result_.config.owners[ring] = {static_cast<std::uint32_t>(number->get()), ""};
      return;
    }
    const auto* name = node.as_string();
    const auto uid = name != nullptr ? find_user(name->get()) : std::nullopt;
    if (uid) {
      result_.config.owners[ring] = {*uid, name->get()};
    } else if (name != nullptr) {
      error(node.source(),
            fmt::format("{}: found {}, a user that this system does not have, allowed: {}", full,
                        found_text(node), kOwnerAllowed),
            "create the user, or write one that `getent passwd` shows");
    } else {
      error(node.source(),
            fmt::format("{}: found {}, allowed: {}", full, found_text(node), kOwnerAllowed),
            fmt::format("for instance {} = \"irc\"", toml_path("", ring)));
    }
  }

  void owner_of_no_ring(const std::string& ring, const toml::source_region& at) {
    std::vector<std::string> names;
    for (const std::string& known : result_.config.rings)
      names.push_back(toml_path(std::string(kOwnersTable), known));
    const std::string full = toml_path(std::string(kOwnersTable), ring);
    const std::string nearest = nearest_name(full, names);
    error(at,
          fmt::format("{}: found an owner of a ring that `rings` does not name{}", full,
                      nearest.empty() ? "" : ", nearest known: " + nearest),
          nearest.empty() ? "add the ring to `rings`, written alike, or remove its owner"
                          : fmt::format("write {}, or add the ring to `rings`", nearest));
  }

  // Such an objective would count nothing, and never say so.
  void objectives_of_no_ring() {
    for (const ObjectiveConfig& objective : result_.config.objectives) {
      const auto& rings = result_.config.rings;
      const bool watched = std::any_of(rings.begin(), rings.end(), [&](const std::string& ring) {
        return fnmatch(ring.c_str(), objective.ring.c_str(), FNM_PATHNAME) == 0;
      });
      if (objective.ring.empty() || watched) continue;
      error(objectives_,
            fmt::format("objectives.ring: found {} in {}, a ring that `rings` does not name",
                        clip(escape_visible(toml_string(objective.ring)), 60), objective.name),
            "write it as in `rings`, add it there, or remove it to count all rings");
    }
  }

  void read_operation(const std::string& name, const toml::node& node, const std::string& full,
                      const toml::source_region& at) {
    const auto* table = node.as_table();
    if (table == nullptr) {
      error(at, fmt::format("{}: found {}, allowed: a table of thresholds", full, found_text(node)),
            fmt::format("write [{}] and below it response_time = \"500ms\"", full));
      return;
    }
    if (name.empty() || name.size() >= kNameBytes || escape_visible(name) != name) {
      error(
          at,
          fmt::format(
              "{}: found a name of {} bytes, allowed: an operation's wire name, 1 to {} printable "
              "characters",
              full, name.size(), kNameBytes - 1),
          "copy the name from a report, or from `ringside inspect`");
      return;
    }
    std::vector<std::string> names;
    for (const auto& key : operation_keys()) names.push_back(full + "." + std::string(key.path));
    OperationThresholds& own = result_.config.thresholds.operations[name];
    for (auto&& [key, value] : *table) {
      const auto keys = operation_keys();
      const auto known =
          std::find_if(keys.begin(), keys.end(),
                       [written = key.str()](const auto& k) { return k.path == written; });
      if (known != keys.end()) {
        set(*known, value, toml_path(full, key.str()), own);
      } else {
        unknown(toml_path(full, key.str()), key.source(), names);
      }
    }
  }

  void unknown(const std::string& full, const toml::source_region& at,
               std::span<const std::string> names) {
    const UnknownKey unknown = unknown_key(full, names);
    error(at, unknown.what, unknown.next);
  }

  std::string file_;
  const std::vector<std::string>& flag_rings_;
  ConfigResult& result_;
  std::vector<Error> errors_;
  toml::source_region alert_ticks_{};
  toml::source_region objectives_{};
  std::vector<std::pair<std::string, toml::source_region>> owned_;
  bool rings_wrong_ = false;
};

}  // namespace

ConfigResult parse_config(std::string_view text, const std::string& file,
                          const std::vector<std::string>& flag_rings) {
  ConfigResult result;
  Reader reader(file, flag_rings, result);
  try {
    const toml::table root = toml::parse(text, file);
    reader.read(root, "");
    reader.check_together();
  } catch (const toml::parse_error& e) {
    reader.error(
        e.source(), fmt::format("found no TOML: {}", escape_visible(e.description())),
        "mend the syntax there; `ringsided --print-config` prints a configuration to start from");
  }
  reader.finish();
  return result;
}

std::optional<std::string> override_config(Config& config, std::string_view key,
                                           const std::vector<std::string>& values,
                                           const std::string& flag) {
  for (const auto& known : config_keys()) {
    if (known.path != key) continue;
    toml::array list;
    for (const std::string& value : values) list.push_back(value);
    const bool takes_list = std::holds_alternative<RingsField<Config>>(known.field) ||
                            std::holds_alternative<ChoicesField<Config>>(known.field) ||
                            std::holds_alternative<TextsField<Config>>(known.field);
    const toml::node& node =
        takes_list || list.empty() ? static_cast<const toml::node&>(list) : list[0];
    if (std::visit(Store<Config>{node, config}, known.field)) return std::nullopt;
    std::string found;
    for (const std::string& value : values)
      found += (found.empty() ? "" : ", ") + toml_string(value);
    return fmt::format(
        "{}: found {}, allowed: {}\n  next: give another value; the key is {} in the configuration",
        flag, clip(escape_visible(found), 60), allowed_text(known), key);
  }
  throw std::logic_error("a flag for a key that is not in the table");
}

}  // namespace ringside
