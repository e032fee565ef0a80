// The words of the chat protocol that a client needs: the 19 operations, and what an error code means for the
// books. tools/chat/README.md describes the protocol. The load does not share code with the server on purpose:
// books that both sides keep with the same code would agree in their mistakes too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringside::load {

enum class Op : std::uint8_t {
  create_room,
  join_room,
  leave_room,
  list_rooms,
  send_message,
  direct_message,
  edit_message,
  delete_message,
  invite_user,
  accept_invitation,
  decline_invitation,
  list_invitations,
  request_user_list,
  authentication,
  registration,
  message_reactions,
  message_search,
  message_history,
  threaded_replies,
  none,  // a line that is no operation: garbage, an unknown name, too long
};
inline constexpr std::size_t kOpCount = 19;
inline constexpr std::size_t kLineKinds = kOpCount + 1;  // with `none`

constexpr std::size_t index_of(Op op) { return static_cast<std::size_t>(op); }

// The name on the wire; "(no operation)" for `none`.
std::string_view name_of(Op op);
// `none` if the name is not one of the 19.
Op op_named(std::string_view name);

enum class Outcome : std::uint8_t { ok, rejected, denied, limited, error, timeout };
inline constexpr std::size_t kOutcomeCount = 6;
std::string_view name_of(Outcome outcome);

// The class of an error code. A code that the protocol does not list is an `error`: the server broke its word.
Outcome outcome_of(int code);

// Codes that say "not now": the same request may succeed later.
bool is_transient(int code);

inline constexpr int kUserExists = 4101;
inline constexpr int kRoomExists = 4102;
inline constexpr int kAlreadyMember = 4103;
inline constexpr int kTokenRejected = 2009;
inline constexpr int kTooManyConnections = 3003;
// No line of the server is anywhere near that long; the largest is a history of 100 messages of 4 KiB.
inline constexpr std::size_t kMaxAnswerBytes = std::size_t{16} << 20;
// Lines over this are refused by the server (1003).
inline constexpr std::size_t kMaxRequestBytes = 65536;

}  // namespace ringside::load
