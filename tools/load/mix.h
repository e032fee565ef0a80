// How often each operation is drawn: a weight for each, relative to their sum.
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

// A chat as people use it: mostly sending and reading, few logins and rooms. What a message needs
// exists before it is edited; joins, accepted invitations and new rooms together are about as
// frequent as leaving.
Mix default_mix();

// Overrides weights: "SEND_MESSAGE=50,CREATE_ROOM=0"; the name `all` stands for every operation, so
// that "all=0,SEND_MESSAGE=1" sends nothing else. Applied from left to right. False and a reason in
// `error` if the text is no mix or leaves nothing to send.
bool parse_mix(std::string_view text, Mix& mix, std::string& error);

}  // namespace ringside::load
