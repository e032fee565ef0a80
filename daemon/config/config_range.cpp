// What is allowed for each key, short. config_keys.cpp has it in full sentences.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "daemon/config/config_keys.h"

namespace ringside {
namespace {

std::string quoted(const std::vector<std::string_view>& choices) {
  return fmt::format("\"{}\"", fmt::join(choices, "\", \""));
}

template <typename Root>
struct Range {
  std::string operator()(const DurationField<Root>& f) const {
    return fmt::format("{} to {}", write_duration(f.least_ns), write_duration(f.most_ns));
  }
  std::string operator()(const SizeField<Root>& f) const {
    return fmt::format("{} to {}", write_size(f.least_bytes), write_size(f.most_bytes));
  }
  std::string operator()(const IntegerField<Root>& f) const {
    return fmt::format("{} to {}", f.least, f.most);
  }
  std::string operator()(const NumberField<Root>& f) const {
    return fmt::format("{} to {}", write_number(f.least), write_number(f.most));
  }
  std::string operator()(const SwitchField<Root>&) const { return "true, false"; }
  std::string operator()(const PathField<Root>&) const { return "a path"; }
  std::string operator()(const ChoiceField<Root>& f) const { return quoted(f.choices); }
  std::string operator()(const ChoicesField<Root>& f) const {
    return "any of " + quoted(f.choices);
  }
  std::string operator()(const RingsField<Root>&) const { return "1 to 64 rings"; }
  std::string operator()(const FrequencyField<Root>& f) const {
    return fmt::format("1 to 1000 per {} to {}", write_duration(f.least_ns),
                       write_duration(f.most_ns));
  }
  std::string operator()(const LevelsField<Root>& f) const {
    return fmt::format("levels up to {}", write_number(f.most));
  }
  std::string operator()(const NameField<Root>&) const { return "1 to 64 characters"; }
  std::string operator()(const UrlField<Root>&) const { return "a URL"; }
  std::string operator()(const PatternsField<Root>&) const { return "1 to 64 patterns"; }
  std::string operator()(const TextsField<Root>& f) const {
    return fmt::format("up to {} texts", f.most);
  }
  std::string operator()(const RingField<Root>&) const { return "a ring"; }
};

}  // namespace

std::string range_text(const ConfigKey<Config>& key) {
  return std::visit(Range<Config>{}, key.field);
}
std::string range_text(const ConfigKey<OperationThresholds>& key) {
  return std::visit(Range<OperationThresholds>{}, key.field);
}
std::string range_text(const ConfigKey<ReceiverConfig>& key) {
  return std::visit(Range<ReceiverConfig>{}, key.field);
}
std::string range_text(const ConfigKey<ObjectiveConfig>& key) {
  return std::visit(Range<ObjectiveConfig>{}, key.field);
}

}  // namespace ringside
