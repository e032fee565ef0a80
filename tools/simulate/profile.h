// What each operation costs a healthy server, and how often clients ask for it.
#pragma once

#include <array>

#include "tools/simulate/words.h"

namespace ringside::simulate {

enum class Needs : std::uint8_t { nothing, read, write };

struct Profile {
  Op op;
  double weight;  // of clients' requests; see tools/load/mix.cpp
  Needs database;
  double database_us;  // median of its own statements
  double delivery_us;
  bool password;  // a password is hashed
};

inline constexpr std::array<Profile, kOps> kProfiles = {{
    {Op::CREATE_ROOM, 0.6, Needs::write, 180, 60, false},
    {Op::JOIN_ROOM, 1.5, Needs::write, 120, 90, false},
    {Op::LEAVE_ROOM, 2.5, Needs::write, 110, 80, false},
    {Op::LIST_ROOMS, 4, Needs::read, 350, 50, false},
    {Op::SEND_MESSAGE, 34, Needs::write, 130, 160, false},
    {Op::DIRECT_MESSAGE, 8, Needs::write, 150, 70, false},
    {Op::EDIT_MESSAGE, 3, Needs::write, 140, 120, false},
    {Op::DELETE_MESSAGE, 1.5, Needs::write, 130, 110, false},
    {Op::INVITE_USER, 1.1, Needs::write, 130, 60, false},
    {Op::ACCEPT_INVITATION, 0.5, Needs::write, 160, 90, false},
    {Op::DECLINE_INVITATION, 0.4, Needs::write, 110, 50, false},
    {Op::LIST_INVITATIONS, 2, Needs::read, 160, 40, false},
    {Op::REQUEST_USER_LIST, 5, Needs::read, 420, 50, false},
    {Op::AUTHENTICATION, 0.8, Needs::write, 120, 50, true},
    {Op::REGISTRATION, 0.1, Needs::write, 200, 50, true},
    {Op::MESSAGE_REACTIONS, 10, Needs::write, 110, 110, false},
    {Op::MESSAGE_SEARCH, 4, Needs::read, 7500, 80, false},
    {Op::MESSAGE_HISTORY, 14, Needs::read, 900, 90, false},
    {Op::THREADED_REPLIES, 7, Needs::read, 700, 90, false},
    {Op::AWAIT_NEWS, 3, Needs::nothing, 0, 0, false},
}};

// An operation that the list of words gains needs its row here.
constexpr bool profiles_in_order() {
  for (std::size_t i = 0; i < kOps; ++i) {
    if (kProfiles[i].op != static_cast<Op>(i) || kProfiles[i].weight <= 0) return false;
  }
  return true;
}
static_assert(profiles_in_order());

constexpr const Profile& profile_of(Op op) { return kProfiles[index_of(op)]; }

}  // namespace ringside::simulate
