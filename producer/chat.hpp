// The words of a chat server as constants: chat::SEND_MESSAGE, chat::kDatabase, chat::RETRY,
// chat::error::DATABASE_BUSY. What each means is in shm/chat_words.def and in producer/README.md.
// start() registers the operations and events unless Setup::chat_names is false. A server's own
// operations get the ids after them.
#pragma once

#include <cstdint>

#include "producer/ids.h"

namespace ringside {
namespace chat {

namespace numbers {
enum class Operation : std::uint16_t {
#define RINGSIDE_CHAT_OPERATION(name, category) name,
#include "shm/chat_words.def"
  count
};
enum class Event : std::uint16_t {
#define RINGSIDE_CHAT_EVENT(name, ...) name,
#include "shm/chat_words.def"
  count
};
enum Stage : unsigned {
#define RINGSIDE_CHAT_STAGE(name, Name, ...) k##Name,
#include "shm/chat_words.def"
  kStages
};
constexpr OperationId id_of(Operation operation) { return {static_cast<std::uint16_t>(operation)}; }
constexpr EventId id_of(Event event) {
  return {static_cast<std::uint16_t>(kFirstEvent + static_cast<std::uint16_t>(event))};
}
}  // namespace numbers

#define RINGSIDE_CHAT_OPERATION(name, category) \
  inline constexpr OperationId name = numbers::id_of(numbers::Operation::name);
#define RINGSIDE_CHAT_EVENT(name, ...) \
  inline constexpr EventId name = numbers::id_of(numbers::Event::name);
#define RINGSIDE_CHAT_STAGE(name, Name, ...) inline constexpr unsigned k##Name = numbers::k##Name;
#include "shm/chat_words.def"

inline constexpr unsigned kOperationCount = static_cast<unsigned>(numbers::Operation::count);
inline constexpr unsigned kEventCount = static_cast<unsigned>(numbers::Event::count);
static_assert(numbers::kStages <= kStageCount, "a record has room for every stage of the list");

// The error codes, for finish() and Event::error. The server names them: register_error().
namespace error {
#define RINGSIDE_CHAT_ERROR(code, name, ...) inline constexpr std::uint16_t name = code;
#include "shm/chat_words.def"
}  // namespace error

}  // namespace chat
}  // namespace ringside
