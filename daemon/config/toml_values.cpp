#include "daemon/config/toml_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "daemon/config/config_keys.h"
#include "daemon/config/config_print.h"
#include "report/model/format.h"

namespace ringside {

std::string found_text(const toml::node& node) {
  if (const auto* text = node.as_string())
    return clip(escape_visible(toml_string(text->get())), 60);
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  // A table or array may have several lines; a message has one.
  std::string text = out.str();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return clip(escape_visible(text), 60);
}

std::optional<double> number_of(const toml::node& node) {
  if (const auto* integer = node.as_integer()) return static_cast<double>(integer->get());
  if (const auto* real = node.as_floating_point()) return real->get();
  return std::nullopt;
}

std::string without_wildcards(std::string ring) {
  if (ring.find('/') != std::string::npos || ring.find_first_of("*?[") == std::string::npos)
    return ring;
  for (char& c : ring) {
    if (std::string_view("*?[]!^").find(c) != std::string_view::npos) c = 'x';
  }
  return ring;
}

UnknownKey unknown_key(const std::string& full, std::span<const std::string> names) {
  const std::string nearest = nearest_name(full, names);
  if (nearest.empty()) {
    return {fmt::format("{}: found an unknown key", full),
            "remove it; `ringsided --print-config` prints all keys"};
  }
  return {fmt::format("{}: found an unknown key, nearest known: {}", full, nearest),
          fmt::format("write {}, or remove it; `ringsided --print-config` prints all keys",
                      nearest)};
}

bool printable_path(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::optional<Levels> levels_of(const toml::node& node, double most) {
  const auto* table = node.as_table();
  if (table == nullptr) return std::nullopt;
  Levels levels;
  std::size_t taken = 0;
  double below = 0;
  for (std::size_t i = 0; i < kAlertLevels; ++i) {
    const auto* level = table->get(kAlertLevelNames[i]);
    if (level == nullptr) continue;
    ++taken;
    const auto* pair = level->as_array();
    if (pair == nullptr || pair->size() != 2) return std::nullopt;
    const auto raise = number_of((*pair)[0]);
    const auto clear = number_of((*pair)[1]);
    // The comparisons are written so that a NaN fails.
    if (!raise || !clear || !(*clear > 0 && *clear <= *raise && *raise <= most && *raise > below))
      return std::nullopt;
    levels.bounds[i] = LevelBounds{*raise, *clear};
    below = *raise;
  }
  if (taken != table->size()) return std::nullopt;
  return levels;
}

std::optional<std::vector<std::string>> texts_of(const toml::node& node) {
  const auto* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> out;
  for (const auto& entry : *array) {
    const auto* text = entry.as_string();
    if (text == nullptr || std::find(out.begin(), out.end(), text->get()) != out.end())
      return std::nullopt;
    out.push_back(text->get());
  }
  return out;
}

}  // namespace ringside
