#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <string>

#include "producer/ringside.h"
#include "producer/ringside.hpp"

namespace {

using ringside::Operation;

static_assert(sizeof(ringside_operation) == sizeof(Operation) &&
              alignof(ringside_operation) == alignof(Operation));
static_assert(RINGSIDE_CANCELLED == static_cast<int>(ringside::Outcome::cancelled));
static_assert(RINGSIDE_ACTOR_ADDRESS == static_cast<int>(ringside::ActorKind::address));
static_assert(RINGSIDE_SUBJECT_ADDRESS == static_cast<int>(ringside::SubjectKind::address));
static_assert(int{RINGSIDE_EVENTS_BEGIN} + 1 == int{ringside::kFirstEvent});
static_assert(int{RINGSIDE_STAGE_DELIVERY} == int{ringside::chat::kDelivery});
#define RINGSIDE_CHAT_OPERATION(name, category) \
  static_assert(RINGSIDE_##name == ringside::chat::name.value);
#define RINGSIDE_CHAT_EVENT(name, ...) \
  static_assert(RINGSIDE_EVENT_##name == ringside::chat::name.value);
#include "shm/chat_words.def"

Operation& operation_in(ringside_operation* memory) {
  return *std::launder(reinterpret_cast<Operation*>(memory));
}

const char* text(const char* maybe) { return maybe != nullptr ? maybe : ""; }

ringside::Outcome outcome_of(ringside_outcome outcome) {
  return static_cast<ringside::Outcome>(
      static_cast<unsigned>(outcome) < ringside::kOutcomeCount ? outcome : RINGSIDE_ERROR);
}

}  // namespace

int ringside_start(const char* program) {
  ringside::Setup setup;
  setup.program = text(program);
  return ringside::start(setup) ? 1 : 0;
}
void ringside_stop(void) { ringside::stop(); }
int ringside_traced(void) { return ringside::traced() ? 1 : 0; }

size_t ringside_why_untraced(char* buffer, size_t bytes) {
  const std::string why = ringside::why_untraced();
  if (bytes > 0) {
    const size_t copied = why.size() < bytes ? why.size() : bytes - 1;
    std::memcpy(buffer, why.data(), copied);
    buffer[copied] = '\0';
  }
  return why.size();
}

uint16_t ringside_register_operation(const char* name, const char* category, const char* stage0,
                                     const char* stage1, const char* stage2, const char* stage3) {
  return ringside::register_operation(text(name), text(category), text(stage0), text(stage1),
                                      text(stage2), text(stage3))
      .value;
}
uint16_t ringside_register_event(const char* name) {
  return ringside::register_event(text(name)).value;
}
void ringside_register_error(uint16_t code, const char* name) {
  ringside::register_error(code, text(name));
}

uint64_t ringside_address_id(const void* bytes, size_t length) {
  return ringside::address_id(static_cast<const unsigned char*>(bytes), length);
}

uint64_t ringside_now(void) { return ringside::now().ticks; }

void ringside_begin(ringside_operation* operation, uint16_t id) {
  new (operation) Operation(ringside::OperationId{id});
}
void ringside_begin_at(ringside_operation* operation, uint16_t id, uint64_t start) {
  new (operation) Operation(ringside::OperationId{id}, ringside::Stamp{start});
}
void ringside_actor(ringside_operation* operation, ringside_actor_kind kind, uint64_t id) {
  operation_in(operation).actor(static_cast<ringside::ActorKind>(kind & 3), id);
}
void ringside_subject(ringside_operation* operation, ringside_subject_kind kind, uint64_t id) {
  operation_in(operation).subject(static_cast<ringside::SubjectKind>(kind & 7), id);
}
void ringside_stage(ringside_operation* operation, unsigned stage) {
  operation_in(operation).stage(stage);
}
uint64_t ringside_finish(ringside_operation* operation, ringside_outcome outcome, uint16_t error) {
  return operation_in(operation).finish(outcome_of(outcome), error).ticks;
}
uint64_t ringside_finish_stage(ringside_operation* operation, unsigned stage,
                               ringside_outcome outcome, uint16_t error) {
  return operation_in(operation).finish_stage(stage, outcome_of(outcome), error).ticks;
}
void ringside_abandon(ringside_operation* operation) { operation_in(operation).abandon(); }

void ringside_event(uint16_t id, const ringside_event_fields* fields) {
  ringside::Event event;
  if (fields != nullptr) {
    event.outcome = outcome_of(fields->outcome);
    event.error = fields->error;
    event.operation = ringside::OperationId{fields->operation};
    event.value = fields->value;
    event.duration = fields->duration;
    event.actor_kind = static_cast<ringside::ActorKind>(fields->actor_kind & 3);
    event.actor = fields->actor;
    event.subject_kind = static_cast<ringside::SubjectKind>(fields->subject_kind & 7);
    event.subject = fields->subject;
  }
  ringside::event(ringside::EventId{id}, event);
}
void ringside_count(uint16_t id) { ringside::count(ringside::EventId{id}); }

struct ringside_gauge {
  ringside::Gauge64 gauge;
};

ringside_gauge* ringside_register_gauge(const char* name) {
  // Gauges are used until the process ends, so the map is never destroyed. The same name gives the
  // same gauge.
  static std::mutex mutex;
  static auto* gauges = new std::map<std::string, ringside_gauge>;
  const std::lock_guard lock(mutex);
  const auto [at, fresh] = gauges->try_emplace(text(name));
  // Register again if the gauge was asked for before the ring existed.
  if (fresh || !at->second.gauge.live()) at->second.gauge = ringside::register_gauge(text(name));
  return &at->second;
}
void ringside_gauge_set(ringside_gauge* gauge, int64_t value) {
  if (gauge != nullptr) gauge->gauge.set(value);
}
void ringside_gauge_add(ringside_gauge* gauge, int64_t by) {
  if (gauge != nullptr) gauge->gauge.add(by);
}
