// The 19 operations: wire names, and what each needs before it may touch the database.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace chatd {

enum class Op : std::uint8_t {
  CREATE_ROOM, JOIN_ROOM, LEAVE_ROOM, LIST_ROOMS,
  SEND_MESSAGE, DIRECT_MESSAGE, EDIT_MESSAGE, DELETE_MESSAGE,
  INVITE_USER, ACCEPT_INVITATION, DECLINE_INVITATION, LIST_INVITATIONS,
  REQUEST_USER_LIST, AUTHENTICATION, REGISTRATION,
  MESSAGE_REACTIONS, MESSAGE_SEARCH, MESSAGE_HISTORY, THREADED_REPLIES,
};

inline constexpr std::array<std::string_view, 19> kOpNames = {
    "CREATE_ROOM", "JOIN_ROOM", "LEAVE_ROOM", "LIST_ROOMS",
    "SEND_MESSAGE", "DIRECT_MESSAGE", "EDIT_MESSAGE", "DELETE_MESSAGE",
    "INVITE_USER", "ACCEPT_INVITATION", "DECLINE_INVITATION", "LIST_INVITATIONS",
    "REQUEST_USER_LIST", "AUTHENTICATION", "REGISTRATION",
    "MESSAGE_REACTIONS", "MESSAGE_SEARCH", "MESSAGE_HISTORY", "THREADED_REPLIES",
};
inline constexpr std::size_t kOpCount = kOpNames.size();

constexpr std::string_view name_of(Op op) { return kOpNames[static_cast<std::size_t>(op)]; }

constexpr std::optional<Op> find_op(std::string_view name) {
  for (std::size_t i = 0; i < kOpCount; ++i) {
    if (kOpNames[i] == name) return static_cast<Op>(i);
  }
  return std::nullopt;
}

constexpr bool needs_login(Op op) { return op != Op::AUTHENTICATION && op != Op::REGISTRATION; }

}  // namespace chatd
