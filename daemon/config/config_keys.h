// The table of configuration keys. Parsing, checking, suggesting, printing and documenting all read
// this table. So none of them knows a key that the others don't.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/config/config.h"

namespace ringside {

// One struct for each type of value. `at` leads from the root to the member that holds the value;
// it is a function so that nested members can be named. The other members say what is allowed.
template <typename Root>
struct DurationField {
  std::int64_t& (*at)(Root&);
  std::int64_t least_ns, most_ns;
};
template <typename Root>
struct SizeField {
  std::uint64_t& (*at)(Root&);
  std::uint64_t least_bytes, most_bytes;
};
template <typename Root>
struct IntegerField {
  std::uint64_t& (*at)(Root&);
  std::uint64_t least, most;
};
template <typename Root>
struct NumberField {
  double& (*at)(Root&);
  double least, most;
};
template <typename Root>
struct SwitchField {
  bool& (*at)(Root&);
};
template <typename Root>
struct PathField {   // an empty path is filled in by resolve_paths()
  std::string& (*at)(Root&);
};
template <typename Root>
struct ChoiceField {
  std::string& (*at)(Root&);
  std::vector<std::string_view> choices;
};
template <typename Root>
struct ChoicesField {   // any number of the choices; an empty list is allowed
  std::vector<std::string>& (*at)(Root&);
  std::vector<std::string_view> choices;
};
template <typename Root>
struct RingsField {
  std::vector<std::string>& (*at)(Root&);
};
template <typename Root>
struct FrequencyField {  // `times` is at most 1000
  Frequency& (*at)(Root&);
  std::int64_t least_ns, most_ns;
};
template <typename Root>
struct LevelsField {
  Levels& (*at)(Root&);
  double most;
};

template <typename Root>
struct NameField {   // a name of our own choice, which is no path
  std::string& (*at)(Root&);
};
template <typename Root>
struct UrlField {    // url.h
  std::string& (*at)(Root&);
  bool may_be_empty = false;
};

template <typename Root>
struct PatternsField {  // 1 to 64 different texts; `*`, `?` and [...] as in a shell
  std::vector<std::string>& (*at)(Root&);
};
template <typename Root>
struct RingField {  // a ring's name or path, or nothing
  std::string& (*at)(Root&);
};

template <typename Root>
struct TextsField {  // any number of different texts, up to `most`
  std::vector<std::string>& (*at)(Root&);
  std::size_t most;
  bool (*good)(std::string_view);
  std::string_view each;       // what each is: "an address and a port"
  std::string_view instances;  // "\"127.0.0.1:9717\""
};

template <typename Root>
struct ConfigKey {
  std::string_view path;   // dotted: "alert_log.format"
  std::variant<DurationField<Root>, SizeField<Root>, IntegerField<Root>, NumberField<Root>,
               SwitchField<Root>, PathField<Root>, ChoiceField<Root>, ChoicesField<Root>,
               RingsField<Root>, FrequencyField<Root>, LevelsField<Root>, NameField<Root>,
               UrlField<Root>, PatternsField<Root>, RingField<Root>, TextsField<Root>>
      field;
  std::string_view doc;    // one sentence, without the range
};

// All keys in the order in which they are printed: table by table.
std::span<const ConfigKey<Config>> config_keys();
// The keys of a table [thresholds.operations.NAME].
std::span<const ConfigKey<OperationThresholds>> operation_keys();
inline constexpr std::string_view kOperationsTable = "thresholds.operations";

// The keys of each table [[receivers]].
std::span<const ConfigKey<ReceiverConfig>> receiver_keys();
inline constexpr std::string_view kReceiversTable = "receivers";
// The keys that each such table must have.
inline constexpr std::string_view kReceiverNeeds[] = {"name", "kind", "url"};
// The keys that mean something only with one kind.
struct KeyOfKind {
  std::string_view key, kind;
};
inline constexpr KeyOfKind kKeysOfKind[] = {
    {"transitions", "webhook"}, {"resend", "alertmanager"}, {"watchdog", "alertmanager"}};

// The keys of each table [[objectives]].
std::span<const ConfigKey<ObjectiveConfig>> objective_keys();
inline constexpr std::string_view kObjectivesTable = "objectives";
inline constexpr std::string_view kObjectiveNeeds[] = {"name", "kind", "target_percent"};

// The table of a ring's owners. Its keys are rings.
inline constexpr std::string_view kOwnersTable = "owners";
inline constexpr std::string_view kOwnersDoc =
    "Which user must own a ring's file: a table [owners] of rings, each written as in `rings`, and "
    "of their owners. Such a ring is refused if anybody else owns its file, the daemon's user and "
    "root included, and whatever any_owner says. A ring that a pattern finds obeys its own entry, "
    "or else the first pattern's that has one.";
inline constexpr std::string_view kOwnerAllowed =
    "a user's name, or the number of a user from 0 to 4294967294";

// "a duration from 100ms to 1h, such as \"5s\""
std::string allowed_text(const ConfigKey<Config>& key);
std::string allowed_text(const ConfigKey<OperationThresholds>& key);
std::string allowed_text(const ConfigKey<ReceiverConfig>& key);
std::string allowed_text(const ConfigKey<ObjectiveConfig>& key);

// What is allowed, short, as the README's column has it: "100ms to 1h". A list of levels says up to
// which figure.
std::string range_text(const ConfigKey<Config>& key);
std::string range_text(const ConfigKey<OperationThresholds>& key);
std::string range_text(const ConfigKey<ReceiverConfig>& key);
std::string range_text(const ConfigKey<ObjectiveConfig>& key);

// The name nearest to `written`, by edit distance. Empty when no name is near enough to be meant. A
// right key in the wrong table is near.
std::string nearest_name(std::string_view written, std::span<const std::string> names);

}  // namespace ringside
