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

enum class Stage : std::uint8_t {
#define RINGSIDE_CHAT_STAGE(name, ...) name,
#include "shm/chat_words.def"
};

// What value, span, outcome and subject of each mean is in the list.
enum class Event : std::uint8_t {
#define RINGSIDE_CHAT_EVENT(name, ...) name,
#include "shm/chat_words.def"
};

// The value of THREAT_PATTERN.
enum class Threat : std::int64_t {
  none,
#define RINGSIDE_CHAT_THREAT(name, text) name,
#include "shm/chat_words.def"
};

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

// Attaches to the ring that RINGSIDE_RING names and registers error names and gauges. Returns what
// to log: that it traces, or why it doesn't.
std::string start();
void stop();

Stamp now();
void event(Event event, const Detail& detail);
void count(Event event);  // totals alone: a decision that was "allowed"
void connections(int change);
void db_transactions(int change);

// One traced command. Begun on a session's strand, it follows the command through the database
// threads.
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
