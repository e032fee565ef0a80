// How often each operation is drawn. Each has a weight, relative to the sum of all weights.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "tools/load/operations.h"

namespace ringside::load {

struct Mix {
  std::array<double, kOpCount> weights{};
  double total() const;
};

// A chat as people use it: mostly sending and reading, few logins and few new rooms. Sending is so
// frequent that there is a message to edit. Joins, accepted invitations and new rooms together are
// about as frequent as leaving.
Mix default_mix();

// Overrides weights: "SEND_MESSAGE=50,CREATE_ROOM=0". The name `all` stands for every operation:
// "all=0,SEND_MESSAGE=1" sends nothing else. Items apply from left to right. Returns false and a
// reason in `error` if the text is no mix or leaves nothing to send.
bool parse_mix(std::string_view text, Mix& mix, std::string& error);

}  // namespace ringside::load
