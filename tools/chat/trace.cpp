#include "tools/chat/trace.h"

#include "tools/chat/build_id.h"

namespace chatd::trace {
namespace {

// Our enumerations and the producer's ids come from one list in one order. The asserts check the
// last entry of each.
ringside::OperationId operation_id(Op op) { return {static_cast<std::uint16_t>(op)}; }
ringside::EventId event_id(Event event) {
  return {static_cast<std::uint16_t>(ringside::kFirstEvent + static_cast<unsigned>(event))};
}
static_assert(static_cast<unsigned>(Op::THREADED_REPLIES) ==
              ringside::chat::THREADED_REPLIES.value);
static_assert(ringside::kFirstEvent + static_cast<unsigned>(Event::BAD_LINE) ==
              ringside::chat::BAD_LINE.value);
static_assert(static_cast<unsigned>(Stage::delivery) == ringside::chat::kDelivery);

// start() sets these gauges before there are threads. Until then they do nothing.
#define RINGSIDE_CHAT_GAUGE(name, ...) ringside::Gauge64 g_##name;
#include "shm/chat_words.def"

}  // namespace

std::string start(const std::string& configuration_digest) {
  ringside::Setup setup;
  setup.program = "ringside-chatd";
  setup.build_id = build_id();
  setup.configuration_digest = configuration_digest;
  if (!ringside::start(setup)) return "not traced: " + ringside::why_untraced();
#define RINGSIDE_CHAT_ERROR(code, name, ...) ringside::register_error(code, #name);
#define RINGSIDE_CHAT_GAUGE(name, ...) g_##name = ringside::register_gauge(#name);
#include "shm/chat_words.def"
  return "traced";
}

std::string remarks() { return ringside::remarks(); }
void stop() { ringside::stop(); }

bool active() { return ringside::traced(); }
Stamp now() { return ringside::now().ticks; }
Stamp ago(std::int64_t ns) { return ringside::ago(ns).ticks; }

void event(Event event, const Detail& detail) {
  ringside::Event out;
  out.outcome = detail.outcome;
  out.error = code_of(detail.error);
  if (detail.op) out.operation = operation_id(*detail.op);
  out.value = detail.value;
  out.duration = detail.duration;
  out.actor_kind = detail.actor_kind;
  out.actor = detail.actor;
  out.subject_kind = detail.subject_kind;
  out.subject = detail.subject;
  ringside::event(event_id(event), out);
}

void count(Event event) { ringside::count(event_id(event)); }

void attach_thread() { ringside::attach_thread(); }
void label(LabelKind kind, std::uint64_t id, const std::string& text) {
  ringside::label(kind, id, text);
}
void connections(int change) { g_connections.add(change); }
void db_transactions(int change) { g_db_transactions.add(change); }
void loop_lag_ms(std::int64_t worst) { g_loop_lag_ms.set(worst); }

Operation::Operation(Op op, Stamp arrived, Stamp picked_up)
    : operation_(operation_id(op), ringside::Stamp{arrived}) {
  operation_.stage_at(static_cast<unsigned>(Stage::queue), ringside::Stamp{picked_up});
}

void Operation::stage(Stage ended) { operation_.stage(static_cast<unsigned>(ended)); }

void Operation::finish(Stage last, Error error) {
  operation_.finish_stage(static_cast<unsigned>(last), outcome_of(error), code_of(error));
}

}  // namespace chatd::trace
