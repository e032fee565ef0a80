#include "report/analysis/advice.h"

#include <fmt/format.h>

#include "report/analysis/labels.h"
#include "report/analysis/story.h"
#include "report/analysis/words.h"

namespace ringside::detail {

// A locked database, not a locked account: the name must contain both words.
bool is_locked_database(std::string_view name) {
  return has_word(name, "DEADLOCK") ||
         (has_any_word(name, {"BUSY", "LOCK", "LOCKED"}) &&
          has_any_word(name, {"DATABASE", "DB", "SQL", "SQLITE", "TABLE", "ROW", "TRANSACTION"}));
}

namespace {

bool is_full(std::string_view name) {
  return has_any_word(name, {"OVERLOAD", "OVERLOADED"}) ||
         (has_any_word(name, {"QUEUE", "BACKLOG"}) &&
          has_any_word(name, {"FULL", "LIMIT", "OVERFLOW"}));
}

std::string advice_for_failure(const Snapshot& snapshot, const ErrorKind& kind) {
  const std::string_view name = kind.name;
  if (is_locked_database(name)) {
    return "The database stayed locked through every attempt. Look for a long write transaction, a "
           "backup or "
           "another process that holds it; then for transactions that could be shorter.";
  }
  if (has_any_word(name, {"DATABASE", "DB", "SQL", "SQLITE", "STORAGE", "DISK"})) {
    return "The database failed other than by waiting: check disk space, I/O errors and the "
           "server's log of "
           "this time.";
  }
  if (kind.outcome == RecordOutcome::timeout) {
    const std::string who = label_of(snapshot, kind.top_operation, kind.top_ring);
    if (snapshot.is_past())
      return fmt::format("It ran into a time limit. See the stages of {} under Bottlenecks.", who);
    return fmt::format(
        "It ran into a time limit. See its stages under Bottlenecks, and the slowest ones of {} in "
        "detail.",
        who);
  }
  std::string text =
      "A failure of the server itself: its log at the time of the last one says more.";
  if (!snapshot.is_past())
    text += " The last operations kept show who was served when it happened.";
  return text;
}

std::string advice_for_refusal(const Snapshot& snapshot, const ErrorKind& kind) {
  const std::string_view name = kind.name;
  if (has_any_word(name, {"LOGIN", "PASSWORD", "CREDENTIALS", "TOKEN", "BLOCK", "BLOCKED"})) {
    return snapshot.is_past()
               ? "Refused on purpose. Many point to guessing: see Security."
               : "Refused on purpose. Many for one address point to guessing: see Security.";
  }
  if (kind.outcome == RecordOutcome::limited) {
    return "The rate limit did its work. If it is an honest client, it sends too much at once or "
           "the limit is "
           "too tight for it.";
  }
  if (kind.outcome == RecordOutcome::denied) {
    return "The caller was not allowed to. Many of one kind point to a client that is out of date, "
           "or to "
           "probing.";
  }
  return has_word(name, "NOT") && has_word(name, "FOUND")
             ? "Asked for what is not there: usually a client that works from an old list."
         : kind.last_actor.none()
             ? "The request was not valid: usually one client version."
             : "The request was not valid: usually one client version; the last one's actor is "
               "named below.";
}

}  // namespace

std::string advice_for(const Snapshot& snapshot, const ErrorKind& kind) {
  if (has_any_word(kind.name, {"BREAKER", "CIRCUIT"})) {
    return "The circuit breaker refuses on purpose; the errors that opened it are the cause. Mend "
           "those, it "
           "closes by itself.";
  }
  if (is_full(kind.name)) {
    return "A queue inside the server is full: work comes in faster than it is done. See which "
           "stage takes the "
           "time under Bottlenecks, then add workers there or limit what comes in.";
  }
  if (is_failure(kind.outcome)) return advice_for_failure(snapshot, kind);
  if (is_refusal(kind.outcome)) return advice_for_refusal(snapshot, kind);
  return "The operation was given up before it ended; nothing is to be done unless it becomes "
         "frequent.";
}

}  // namespace ringside::detail
