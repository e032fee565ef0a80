// The names that the analysis knows, and what they mean. They come out of the ring as text. A
// server that uses other names is still shown in full, but nothing is concluded from its names.
//
// The list is shm/chat_words.def. report/ does not include shm/, so report/CMakeLists.txt copies
// that file into the build tree as report/model/chat_words.def.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

namespace ringside::names {

// Events: kRetry is "RETRY".
#define RINGSIDE_CHAT_EVENT(name, Name, ...) inline constexpr std::string_view k##Name = #name;
// Stages: kDatabase is "database".
#define RINGSIDE_CHAT_STAGE(name, Name, ...) inline constexpr std::string_view k##Name = #name;
// Gauges: kConnections is "connections".
#define RINGSIDE_CHAT_GAUGE(name, Name, ...) inline constexpr std::string_view k##Name = #name;
#include "report/model/chat_words.def"


// The section of the report that an event belongs to.
enum class Topic { database, resilience, security };

// What the list says about an event. `meaning` fits a cell of a table. `value` and `span` are empty
// where the event has none. An event that a server only counts (a decision that was "allowed") has
// no record and is `skipped`.
struct EventWord {
  std::string_view name;
  Topic topic;
  const char* meaning;
  const char* value;
  const char* span;
};
inline constexpr EventWord kEvents[] = {
#define RINGSIDE_CHAT_EVENT(name, Name, topic, meaning, value, span, ...) \
  {#name, Topic::topic, meaning, value, span},
#include "report/model/chat_words.def"
};

}  // namespace ringside::names

namespace ringside {

// A circuit breaker's states, numbered as the event BREAKER's value is.
enum class BreakerState : std::uint8_t {
#define RINGSIDE_CHAT_BREAKER_STATE(name, text) name,
#include "report/model/chat_words.def"
};
inline constexpr const char* kBreakerStateNames[] = {
#define RINGSIDE_CHAT_BREAKER_STATE(name, text) text,
#include "report/model/chat_words.def"
};
inline constexpr std::size_t kBreakerStates = std::size(kBreakerStateNames);

constexpr const char* name_of(BreakerState state) {
  return kBreakerStateNames[static_cast<std::size_t>(state)];
}
// Absent when the number is no state.
constexpr std::optional<BreakerState> breaker_state_from(std::int64_t value) {
  if (value < 0 || value >= static_cast<std::int64_t>(kBreakerStates)) return std::nullopt;
  return static_cast<BreakerState>(value);
}

}  // namespace ringside
