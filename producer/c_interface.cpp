#include <atomic>
#include <cstddef>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "producer/interrupted.h"
#include "producer/ringside.h"
#include "producer/ringside.hpp"

namespace {

using ringside::Operation;

static_assert(sizeof(ringside_operation) >= sizeof(Operation) &&
              alignof(ringside_operation) == alignof(Operation));
static_assert(RINGSIDE_CANCELLED == static_cast<int>(ringside::Outcome::cancelled));
static_assert(RINGSIDE_ACTOR_ADDRESS == static_cast<int>(ringside::ActorKind::address));
static_assert(RINGSIDE_LABEL_USER == static_cast<int>(ringside::LabelKind::user));
static_assert(RINGSIDE_LABEL_MESSAGE == static_cast<int>(ringside::LabelKind::message));
static_assert(RINGSIDE_SUBJECT_ADDRESS == static_cast<int>(ringside::SubjectKind::address));
static_assert(int{RINGSIDE_EVENTS_BEGIN} + 1 == int{ringside::kFirstEvent});
static_assert(int{RINGSIDE_STAGE_DELIVERY} == int{ringside::chat::kDelivery});
static_assert(sizeof ringside_declaration{}.stages ==
              ringside::kStageCount * sizeof(const char*));
#define RINGSIDE_CHAT_OPERATION(name, category) \
  static_assert(RINGSIDE_##name == ringside::chat::name.value);
#define RINGSIDE_CHAT_EVENT(name, ...) \
  static_assert(RINGSIDE_EVENT_##name == ringside::chat::name.value);
#include "shm/chat_words.def"

Operation& operation_in(ringside_operation* memory) {
  return *std::launder(reinterpret_cast<Operation*>(memory));
}

// Copies a structure of a caller. A program that was built with an older header has fewer fields,
// and one with a newer header has fields that mean nothing here. `first_bytes`: the size of the
// structure when a size of 0 was given its meaning.
template <typename Structure>
Structure taken(const Structure* from, std::size_t first_bytes) {
  Structure out{};
  if (from == nullptr) return out;
  const std::size_t bytes = from->size == 0 ? first_bytes : from->size;
  std::memcpy(&out, from, bytes < sizeof out ? bytes : sizeof out);
  return out;
}
// The end of a structure's field.
#define RINGSIDE_END_OF(structure, field) (offsetof(structure, field) + sizeof(structure::field))

const char* text(const char* maybe) { return maybe != nullptr ? maybe : ""; }

// A number that does not fit Outcome's byte must not become another outcome.
ringside::Outcome outcome_of(ringside_outcome outcome) {
  const auto number = static_cast<unsigned>(outcome);
  return static_cast<ringside::Outcome>(number < ringside::kOutcomeCount ? number : 0xff);
}

ringside::Event event_of(const ringside_event_fields* fields) {
  const auto given = taken(fields, RINGSIDE_END_OF(ringside_event_fields, subject));
  ringside::Event event;
  event.outcome = outcome_of(given.outcome);
  event.error = given.error;
  if (given.during.id_plus_one != 0)
    event.operation.value = static_cast<std::uint16_t>(given.during.id_plus_one - 1);
  event.value = given.value;
  event.duration = given.duration;
  event.actor_kind = static_cast<ringside::ActorKind>(given.actor_kind & 3);
  event.actor = given.actor;
  event.subject_kind = static_cast<ringside::SubjectKind>(given.subject_kind & 7);
  event.subject = given.subject;
  return event;
}

// Writes text to a caller's buffer, cut to it. Returns the full length.
size_t put_text(const std::string& from, char* buffer, size_t bytes) {
  if (bytes > 0) {
    const size_t copied = from.size() < bytes ? from.size() : bytes - 1;
    std::memcpy(buffer, from.data(), copied);
    buffer[copied] = '\0';
  }
  return from.size();
}

}  // namespace

int ringside_start_checked(const ringside_setup* setup, uint64_t abi, const char* headers) {
  // A word that no C++ header has: the library refuses, and says why.
  if (abi != RINGSIDE_C_ABI) return ringside::detail::start({}, 0, headers) ? 1 : 0;
  const auto given = taken(setup, RINGSIDE_END_OF(ringside_setup, no_labels));
  ringside::Setup out;
  out.program = text(given.program);
  out.ring = text(given.ring);
  out.group = text(given.group);
  if (given.lanes != 0) out.lanes = given.lanes;
  if (given.lane_capacity != 0) out.lane_capacity = given.lane_capacity;
  if (given.overflow_capacity != 0) out.overflow_capacity = given.overflow_capacity;
  if (given.mode != 0) out.mode = given.mode;
  out.share = given.share != 0;
  out.keep = given.keep != 0;
  out.slow_clock = given.slow_clock != 0;
  out.chat_names = given.no_chat_names == 0;
  out.labels = given.no_labels == 0;
  out.build_id = text(given.build_id);
  out.configuration_digest = text(given.configuration_digest);
  return ringside::start(out) ? 1 : 0;
}
void ringside_stop(void) { ringside::stop(); }
int ringside_traced(void) { return ringside::traced() ? 1 : 0; }

size_t ringside_why_untraced(char* buffer, size_t bytes) {
  return put_text(ringside::why_untraced(), buffer, bytes);
}
size_t ringside_remarks(char* buffer, size_t bytes) {
  return put_text(ringside::remarks(), buffer, bytes);
}
size_t ringside_mistakes(char* buffer, size_t bytes) {
  return put_text(ringside::mistakes(), buffer, bytes);
}

uint16_t ringside_register_operation(const ringside_declaration* declaration) {
  const auto given = taken(declaration, RINGSIDE_END_OF(ringside_declaration, waits_for_client));
  ringside::Declaration out;
  out.name = text(given.name);
  out.category = text(given.category);
  for (unsigned i = 0; i < ringside::kStageCount; ++i) out.stages[i] = text(given.stages[i]);
  out.threshold_ns = given.threshold_ns;
  out.waits_for_client = given.waits_for_client != 0;
  return ringside::register_operation(out).value;
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

void ringside_label(ringside_label_kind kind, uint64_t id, const char* words) {
  const auto number = static_cast<unsigned>(kind);
  if (number < ringside::kLabelKindCount)
    ringside::label(static_cast<ringside::LabelKind>(number), id, text(words));
}

int ringside_attach_thread(void) { return ringside::attach_thread() ? 1 : 0; }

uint64_t ringside_now(void) { return ringside::now().ticks; }
uint64_t ringside_ago(int64_t ns) { return ringside::ago(ns).ticks; }

int64_t ringside_nanoseconds_between(uint64_t from, uint64_t to) {
  return ringside::nanoseconds_between(ringside::Stamp{from}, ringside::Stamp{to});
}

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
void ringside_stage_at(ringside_operation* operation, unsigned stage, uint64_t at) {
  operation_in(operation).stage_at(stage, ringside::Stamp{at});
}
void ringside_skip(ringside_operation* operation) { operation_in(operation).skip(); }
void ringside_skip_at(ringside_operation* operation, uint64_t at) {
  operation_in(operation).skip_at(ringside::Stamp{at});
}
uint64_t ringside_finish(ringside_operation* operation, ringside_outcome outcome, uint16_t error) {
  return operation_in(operation).finish(outcome_of(outcome), error).ticks;
}
uint64_t ringside_finish_at(ringside_operation* operation, uint64_t end, ringside_outcome outcome,
                            uint16_t error) {
  return operation_in(operation).finish_at(ringside::Stamp{end}, outcome_of(outcome), error).ticks;
}
uint64_t ringside_finish_stage(ringside_operation* operation, unsigned stage,
                               ringside_outcome outcome, uint16_t error) {
  return operation_in(operation).finish_stage(stage, outcome_of(outcome), error).ticks;
}
void ringside_abandon(ringside_operation* operation) { operation_in(operation).abandon(); }

void ringside_move(ringside_operation* to, ringside_operation* from) {
  new (to) Operation(std::move(operation_in(from)));
}
uint16_t ringside_operation_id(const ringside_operation* operation) {
  return std::launder(reinterpret_cast<const Operation*>(operation))->id().value;
}

void ringside_event(uint16_t id, const ringside_event_fields* fields) {
  ringside::event(ringside::EventId{id}, event_of(fields));
}
void ringside_event_since(uint16_t id, uint64_t since, const ringside_event_fields* fields) {
  ringside::event_since(ringside::EventId{id}, ringside::Stamp{since}, event_of(fields));
}
void ringside_count(uint16_t id) { ringside::count(ringside::EventId{id}); }

struct ringside_gauge {
  std::string name;
  ringside::Gauge64 gauge;
};

ringside_gauge* ringside_register_gauge(const char* name) {
  // Gauges are used until the process ends, so they are never destroyed. The same name gives the
  // same gauge.
  static ringside::detail::Latch latch{0};
  static std::atomic<ringside_gauge*> gauges[ringside::kMaxGauges];
  const ringside::detail::Uncancelled uncancelled;
  const ringside::detail::HeldBy lock(latch);
  if (!lock) return nullptr;
  for (std::atomic<ringside_gauge*>& entry : gauges) {
    ringside_gauge* found = entry.load(std::memory_order_relaxed);
    if (found == nullptr) {
      found = new ringside_gauge{text(name), ringside::register_gauge(text(name))};
      entry.store(found, std::memory_order_relaxed);
    } else if (found->name != text(name)) {
      continue;
    }
    return found;
  }
  return nullptr;
}
void ringside_gauge_set(ringside_gauge* gauge, int64_t value) {
  if (gauge != nullptr) gauge->gauge.set(value);
}
void ringside_gauge_add(ringside_gauge* gauge, int64_t by) {
  if (gauge != nullptr) gauge->gauge.add(by);
}
