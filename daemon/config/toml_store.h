// From a node of TOML into the member that a key names, for config_toml.cpp and receivers_toml.cpp.
#pragma once

#include <toml++/toml.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "daemon/config/config_keys.h"
#include "daemon/config/toml_values.h"
#include "daemon/config/url.h"
#include "shm/segment.h"

namespace ringside {

// Stores the node's value. False when the field does not allow it.
template <typename Root>
struct Store {
  const toml::node& node;
  Root& root;

  bool operator()(const DurationField<Root>& f) const {
    const auto* text = node.as_string();
    const auto ns = text != nullptr ? parse_duration(text->get()) : std::nullopt;
    if (!ns || *ns < f.least_ns || *ns > f.most_ns) return false;
    f.at(root) = *ns;
    return true;
  }
  bool operator()(const SizeField<Root>& f) const {
    const auto* text = node.as_string();
    const auto bytes = text != nullptr ? parse_size(text->get()) : std::nullopt;
    if (!bytes || *bytes < f.least_bytes || *bytes > f.most_bytes) return false;
    f.at(root) = *bytes;
    return true;
  }
  bool operator()(const FrequencyField<Root>& f) const {
    const auto* text = node.as_string();
    const auto often = text != nullptr ? parse_frequency(text->get()) : std::nullopt;
    if (!often || often->times > 1000 || often->per_ns < f.least_ns || often->per_ns > f.most_ns)
      return false;
    f.at(root) = *often;
    return true;
  }
  bool operator()(const IntegerField<Root>& f) const {
    const auto* integer = node.as_integer();
    if (integer == nullptr || integer->get() < 0) return false;
    const auto value = static_cast<std::uint64_t>(integer->get());
    if (value < f.least || value > f.most) return false;
    f.at(root) = value;
    return true;
  }
  bool operator()(const NumberField<Root>& f) const {
    const auto value = number_of(node);
    if (!value || !(*value >= f.least && *value <= f.most)) return false;
    f.at(root) = *value;
    return true;
  }
  bool operator()(const SwitchField<Root>& f) const {
    const auto* value = node.as_boolean();
    if (value == nullptr) return false;
    f.at(root) = value->get();
    return true;
  }
  bool operator()(const PathField<Root>& f) const {
    const auto* text = node.as_string();
    if (text == nullptr || !printable_path(text->get())) return false;
    f.at(root) = text->get();
    return true;
  }
  bool operator()(const ChoiceField<Root>& f) const {
    const auto* text = node.as_string();
    if (text == nullptr ||
        std::find(f.choices.begin(), f.choices.end(), text->get()) == f.choices.end())
      return false;
    f.at(root) = text->get();
    return true;
  }
  bool operator()(const ChoicesField<Root>& f) const {
    auto texts = texts_of(node);
    if (!texts) return false;
    for (const std::string& text : *texts) {
      if (std::find(f.choices.begin(), f.choices.end(), text) == f.choices.end()) return false;
    }
    f.at(root) = std::move(*texts);
    return true;
  }
  bool operator()(const RingsField<Root>& f) const {
    auto texts = texts_of(node);
    if (!texts || texts->empty() || texts->size() > 64) return false;
    Failure ignored;
    for (const std::string& ring : *texts) {
      if (!printable_path(ring) || ring_path(without_wildcards(ring), &ignored).empty())
        return false;
    }
    f.at(root) = std::move(*texts);
    return true;
  }
  bool operator()(const PatternsField<Root>& f) const {
    auto texts = texts_of(node);
    if (!texts || texts->empty() || texts->size() > 64) return false;
    for (const std::string& text : *texts) {
      if (text.empty() || text.size() > 255 || !printable_path(text)) return false;
    }
    f.at(root) = std::move(*texts);
    return true;
  }
  bool operator()(const TextsField<Root>& f) const {
    auto texts = texts_of(node);
    if (!texts || texts->size() > f.most) return false;
    for (const std::string& text : *texts) {
      if (!printable_path(text) || !f.good(text)) return false;
    }
    f.at(root) = std::move(*texts);
    return true;
  }
  bool operator()(const RingField<Root>& f) const {
    const auto* text = node.as_string();
    if (text == nullptr || !printable_path(text->get())) return false;
    f.at(root) = text->get();
    return true;
  }
  bool operator()(const LevelsField<Root>& f) const {
    const auto levels = levels_of(node, f.most);
    if (!levels) return false;
    f.at(root) = *levels;
    return true;
  }
  bool operator()(const NameField<Root>& f) const {
    const auto* text = node.as_string();
    if (text == nullptr || !receiver_name_is_good(text->get())) return false;
    f.at(root) = text->get();
    return true;
  }
  bool operator()(const UrlField<Root>& f) const {
    const auto* text = node.as_string();
    if (text == nullptr) return false;
    const bool none = f.may_be_empty && text->get().empty();
    if (!none && !parse_url(text->get())) return false;
    f.at(root) = text->get();
    return true;
  }
};

}  // namespace ringside
