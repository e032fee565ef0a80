// From a node of TOML to a value, for config_toml.cpp.
#pragma once

#include <toml++/toml.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/alert_levels.h"

namespace ringside {

// What stands there, on one line of at most 60 columns, for a message.
std::string found_text(const toml::node& node);

// Each is none where the node has another type, or a value that nobody may write.
std::optional<double> number_of(const toml::node& node);
std::optional<Levels> levels_of(const toml::node& node, double most);
std::optional<std::vector<std::string>> texts_of(const toml::node& node);  // all different

// Turns a pattern of names (`irc-*`, `*`) into a name that it could match, so that ring_path() can
// check it. daemon/rings decides what the pattern matches.
std::string without_wildcards(std::string ring);
// What to say of a key that nobody knows, with the nearest of those that may stand there.
struct UnknownKey {
  std::string what, next;
};
UnknownKey unknown_key(const std::string& full, std::span<const std::string> names);
// No control characters.
bool printable_path(std::string_view text);

}  // namespace ringside
