// The only file through which the server talks to Ringside: operations with their stages, events,
// gauges. Without RINGSIDE_RING nothing is recorded, and a call only looks at a switch that is off.
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
using ringside::LabelKind;
using ringside::SubjectKind;

enum class Stage : std::uint8_t {
#define RINGSIDE_CHAT_STAGE(name, ...) name,
#include "shm/chat_words.def"
};

// shm/chat_words.def says what value, span, outcome and subject mean for each event.
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

// Creates the ring that RINGSIDE_RING names, gives it the build id and this digest, and registers
// the error names and the gauges. Returns the text to log: that the server is traced, or why not.
std::string start(const std::string& configuration_digest);
// What is worse than it could be although the server is traced, for the log; empty if nothing is.
std::string remarks();
void stop();

void attach_thread();  // gives the calling thread its lane now
bool active();  // whether this process is traced
Stamp now();
Stamp ago(std::int64_t ns);  // the moment so long before now
void event(Event event, const Detail& detail);
void count(Event event);  // adds to the totals and writes no record: a decision of "allowed"
// What readers show for an id: `alice (user 42)`.
void label(LabelKind kind, std::uint64_t id, const std::string& text);
void connections(int change);
void db_transactions(int change);
void loop_lag_ms(std::int64_t worst);

// One traced command. It begins when its line arrives. A session's strand picks it up, and it goes
// with the command through the password workers and the database threads.
class Operation {
 public:
  Operation(Op op, Stamp arrived, Stamp picked_up);
  void actor(ActorKind kind, std::uint64_t id) { operation_.actor(kind, id); }
  void subject(SubjectKind kind, std::uint64_t id) { operation_.subject(kind, id); }
  void stage(Stage ended);  // the time since the last mark belongs to this stage
  void finish(Stage last, Error error);

 private:
  ringside::Operation operation_;
};

}  // namespace chatd::trace
