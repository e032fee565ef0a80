// Lines that a server must refuse: garbage, and well-formed requests that break the protocol's
// rules.
#pragma once

#include <string>
#include <string_view>

#include "tools/load/operations.h"
#include "tools/load/schedule.h"

namespace ringside::load {

struct BadRequest {
  Op op = Op::none;          // the operation that the server must count
  bool checks_id = true;     // the answer has the request's id
  bool closes = false;       // the server closes the connection after its answer
};

// Appends the line to `out`, without a newline. `number` chooses the kind: all kinds have their
// turn.
BadRequest write_bad_request(std::uint64_t number, std::int64_t id, Rng& rng, std::string& out);

}  // namespace ringside::load
