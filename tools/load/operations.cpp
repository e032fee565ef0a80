#include "tools/load/operations.h"

#include <array>

namespace ringside::load {
namespace {

constexpr std::array<std::string_view, kLineKinds> kNames = {
    "CREATE_ROOM",        "JOIN_ROOM",          "LEAVE_ROOM",        "LIST_ROOMS",      "SEND_MESSAGE",
    "DIRECT_MESSAGE",     "EDIT_MESSAGE",       "DELETE_MESSAGE",    "INVITE_USER",     "ACCEPT_INVITATION",
    "DECLINE_INVITATION", "LIST_INVITATIONS",   "REQUEST_USER_LIST", "AUTHENTICATION",  "REGISTRATION",
    "MESSAGE_REACTIONS",  "MESSAGE_SEARCH",     "MESSAGE_HISTORY",   "THREADED_REPLIES", "(no operation)",
};

constexpr std::array<std::string_view, kOutcomeCount> kOutcomes = {"ok",      "rejected", "denied",
                                                                   "limited", "error",    "timeout"};

}  // namespace

std::string_view name_of(Op op) { return kNames[index_of(op)]; }

Op op_named(std::string_view name) {
  for (std::size_t i = 0; i < kOpCount; ++i) {
    if (kNames[i] == name) return static_cast<Op>(i);
  }
  return Op::none;
}

std::string_view name_of(Outcome outcome) { return kOutcomes[static_cast<std::size_t>(outcome)]; }

Outcome outcome_of(int code) {
  switch (code / 1000) {
    case 1:
    case 4:
      return Outcome::rejected;
    case 2:
      return Outcome::denied;
    case 3:
      return Outcome::limited;
    default:
      return code == 5001 || code == 5005 ? Outcome::timeout : Outcome::error;
  }
}

bool is_transient(int code) { return code == 3001 || (code >= 5001 && code <= 5006); }

}  // namespace ringside::load
