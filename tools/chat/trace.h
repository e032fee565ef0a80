// The server's whole contact with Ringside: operations with their stages, events, gauges.
// Everything is a no-op (a relaxed load) unless RINGSIDE_RING was set when start() was called.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/chat/errors.h"
#include "tools/chat/ops.h"
#include "producer/ringside.hpp"

namespace chatd::trace {

using Stamp = std::uint64_t;  // ticks of the ring's clock
using ringside::ActorKind;
using ringside::SubjectKind;

enum class Stage : std::uint8_t { validation, security, database, delivery };

// The events of S1-S5; the comments say what `value` means.
enum class Event : std::uint8_t {
  retry,              // value: the attempt that follows, from 2; duration: the pause before it
  breaker,            // value: the new state, 0 closed, 1 open, 2 half-open; duration: time in the old one
  recovery,           // duration: first failure to first success
  validation_reject,
  rate_limit,
  db_transaction,     // outcome ok: committed, error: rolled back; duration
  slow_query,         // duration
  login_failed,       // value: failures of this address within the window
  token_rejected,
  threat_pattern,     // value: ThreatKind
  ip_block,           // value: attempts before the block
  blocked_attempt,    // value: attempts during the block, so far
  user_suspended,     // value: strikes
  audit_write,        // duration
  bad_line,
};

enum class ThreatKind : std::int64_t { password_guessing = 1, injection = 2, invalid_burst = 3 };

struct Detail {
  Outcome outcome = Outcome::ok;
  Error error = Error::none;
  std::optional<Op> op{};
  std::int64_t value = 0;
  std::uint64_t duration = 0;  // ticks
  ActorKind actor_kind = ActorKind::none;
  std::uint64_t actor = 0;
  SubjectKind subject_kind = SubjectKind::none;
  std::uint64_t subject = 0;
};

// Attaches to the ring that RINGSIDE_RING names and registers error names and gauges. Returns what to log:
// that it traces, or why it doesn't.
std::string start();
void stop();

Stamp now();
void event(Event event, const Detail& detail);
void count(Event event);  // totals alone: a decision that was "allowed"
void connections(int change);
void db_transactions(int change);

// One traced command. Begun on a session's strand, it follows the command through the database threads.
class Operation {
 public:
  Operation(Op op, Stamp start);
  void actor(ActorKind kind, std::uint64_t id) { operation_.actor(kind, id); }
  void subject(SubjectKind kind, std::uint64_t id) { operation_.subject(kind, id); }
  void stage(Stage ended);  // what ran since the last mark was this stage
  void finish(Stage last, Error error);

 private:
  ringside::Operation operation_;
};

}  // namespace chatd::trace
