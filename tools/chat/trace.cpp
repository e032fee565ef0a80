#include "tools/chat/trace.h"

#include <array>
#include <cstddef>

namespace chatd::trace {
namespace {

namespace ids = ringside::chat;

// In the order of Op, Event, Stage and Outcome: our own enumerations stay free of the producer's types.
constexpr std::array kOperationIds = {
    ids::CREATE_ROOM, ids::JOIN_ROOM, ids::LEAVE_ROOM, ids::LIST_ROOMS,
    ids::SEND_MESSAGE, ids::DIRECT_MESSAGE, ids::EDIT_MESSAGE, ids::DELETE_MESSAGE,
    ids::INVITE_USER, ids::ACCEPT_INVITATION, ids::DECLINE_INVITATION, ids::LIST_INVITATIONS,
    ids::REQUEST_USER_LIST, ids::AUTHENTICATION, ids::REGISTRATION,
    ids::MESSAGE_REACTIONS, ids::MESSAGE_SEARCH, ids::MESSAGE_HISTORY, ids::THREADED_REPLIES,
};
static_assert(kOperationIds.size() == kOpCount);

constexpr std::array kEventIds = {
    ids::RETRY, ids::BREAKER, ids::RECOVERY, ids::VALIDATION_REJECT, ids::RATE_LIMIT,
    ids::DB_TRANSACTION, ids::SLOW_QUERY, ids::LOGIN_FAILED, ids::TOKEN_REJECTED, ids::THREAT_PATTERN,
    ids::IP_BLOCK, ids::BLOCKED_ATTEMPT, ids::USER_SUSPENDED, ids::AUDIT_WRITE, ids::BAD_LINE,
};
static_assert(kEventIds.size() == static_cast<std::size_t>(Event::bad_line) + 1);

constexpr std::array kStageIds = {ids::kValidation, ids::kSecurity, ids::kDatabase, ids::kDelivery};

constexpr ringside::Outcome outcome_id(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok: return ringside::Outcome::ok;
    case Outcome::error: return ringside::Outcome::error;
    case Outcome::timeout: return ringside::Outcome::timeout;
    case Outcome::rejected: return ringside::Outcome::rejected;
    case Outcome::denied: return ringside::Outcome::denied;
    case Outcome::limited: return ringside::Outcome::limited;
    case Outcome::cancelled: return ringside::Outcome::cancelled;
  }
  return ringside::Outcome::error;
}

auto operation_id(Op op) { return kOperationIds[static_cast<std::size_t>(op)]; }

// Set by start(), before there are threads; until then they do nothing.
ringside::Gauge64 g_connections;
ringside::Gauge64 g_transactions;

}  // namespace

std::string start() {
  ringside::Setup setup;
  setup.program = "ringside-chatd";
  if (!ringside::start(setup)) return "not traced: " + ringside::why_untraced();
  for (const auto& entry : kErrors) ringside::register_error(code_of(entry.error), std::string(entry.name));
  g_connections = ringside::register_gauge("connections");
  g_transactions = ringside::register_gauge("db_transactions");
  return "traced";
}

void stop() { ringside::stop(); }

Stamp now() { return ringside::now().ticks; }

void event(Event event, const Detail& detail) {
  ringside::Event out;
  out.outcome = outcome_id(detail.outcome);
  out.error = code_of(detail.error);
  if (detail.op) out.operation = operation_id(*detail.op);
  out.value = detail.value;
  out.duration = detail.duration;
  out.actor_kind = detail.actor_kind;
  out.actor = detail.actor;
  out.subject_kind = detail.subject_kind;
  out.subject = detail.subject;
  ringside::event(kEventIds[static_cast<std::size_t>(event)], out);
}

void count(Event event) { ringside::count(kEventIds[static_cast<std::size_t>(event)]); }

void connections(int change) { g_connections.add(change); }
void db_transactions(int change) { g_transactions.add(change); }

Operation::Operation(Op op, Stamp start) : operation_(operation_id(op), ringside::Stamp{start}) {}

void Operation::stage(Stage ended) { operation_.stage(kStageIds[static_cast<std::size_t>(ended)]); }

void Operation::finish(Stage last, Error error) {
  operation_.finish_stage(kStageIds[static_cast<std::size_t>(last)], outcome_id(outcome_of(error)), code_of(error));
}

}  // namespace chatd::trace
