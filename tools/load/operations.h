// The words of the chat protocol that a client needs: the operations, and what an error code means
// for the books. tools/chat/README.md describes the protocol.
//
// The server uses the same list of words (shm/chat_words.def). The load counts answers with its own
// code. If both sides kept their books with the same code, the books would agree in their mistakes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringside::load {

enum class Op : std::uint8_t {
#define RINGSIDE_CHAT_OPERATION(name, category) name,
#include "shm/chat_words.def"
  none,  // a line that is no operation: garbage, an unknown name, too long
};
inline constexpr std::size_t kOpCount = static_cast<std::size_t>(Op::none);
inline constexpr std::size_t kLineKinds = kOpCount + 1;  // with `none`

constexpr std::size_t index_of(Op op) { return static_cast<std::size_t>(op); }

// The name on the wire; "(no operation)" for `none`.
std::string_view name_of(Op op);
// Returns `none` if no operation has that name.
Op op_named(std::string_view name);

enum class Outcome : std::uint8_t { ok, rejected, denied, limited, error, timeout };
inline constexpr std::size_t kOutcomeCount = 6;
std::string_view name_of(Outcome outcome);

// The class of an error code. The thousands decide for 1xxx to 4xxx, even if the protocol does not
// list the code. Any other code is an `error`, or a `timeout` if the protocol says so.
Outcome outcome_of(int code);

// Codes that say "not now": the same request may succeed later.
bool is_transient(int code);

// The codes of the protocol by name.
namespace code {
#define RINGSIDE_CHAT_ERROR(number, name, ...) inline constexpr int name = number;
#include "shm/chat_words.def"
}  // namespace code

// No line of the server comes near this length. The longest is a history of 100 messages of 4 KiB.
inline constexpr std::size_t kMaxAnswerBytes = std::size_t{16} << 20;
// The server refuses longer lines (1003).
inline constexpr std::size_t kMaxRequestBytes = 65536;

}  // namespace ringside::load
