// Lines that a server must refuse: well-formed requests that break the protocol's rules, and
// garbage.
#pragma once

#include <string>
#include <string_view>

#include "tools/load/operations.h"
#include "tools/load/schedule.h"

namespace ringside::load {

struct BadRequest {
  Op op = Op::none;          // what the server has to count it as
  bool checks_id = true;     // the answer bears the request's id
  bool closes = false;       // the server closes the connection after its answer
};

// Appends the line (without newline) to `out`; `number` chooses the kind, in turn.
BadRequest write_bad_request(std::uint64_t number, std::int64_t id, Rng& rng, std::string& out);

}  // namespace ringside::load
