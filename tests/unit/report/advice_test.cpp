#include <doctest/doctest.h>

#include "report/analysis/analysis.h"
#include "report/analysis/words.h"

using namespace ringside;

namespace {

// The advice for one error of one operation.
std::string advice(const char* name, RecordOutcome outcome) {
  Snapshot snapshot;
  ErrorStats error;
  error.code = 1;
  error.name = name;
  error.operation = "SEND";
  error.outcome = outcome;
  snapshot.errors.push_back(error);
  return analyse(snapshot).error_kinds.at(0).advice;
}

bool starts(const std::string& text, std::string_view with) { return text.rfind(with, 0) == 0; }

}  // namespace

TEST_CASE("Advice: names are matched by whole words") {
  CHECK(has_word("DATABASE_LOCKED", "LOCKED"));
  CHECK(has_word("LOCK", "LOCK"));
  CHECK(has_word("A_LOCK_B", "LOCK"));
  CHECK_FALSE(has_word("IP_BLOCKED", "LOCK"));
  CHECK_FALSE(has_word("ACCOUNT_UNLOCKED", "LOCKED"));
  CHECK_FALSE(has_word("", "LOCK"));
  CHECK_FALSE(has_word("DATABASEX_BUSY", "DATABASE"));

  constexpr const char* kLocked = "The database stayed locked";
  CHECK(starts(advice("DATABASE_LOCKED", RecordOutcome::error), kLocked));
  CHECK(starts(advice("DATABASE_BUSY", RecordOutcome::timeout), kLocked));
  CHECK(starts(advice("DEADLOCK", RecordOutcome::error), kLocked));
  for (const char* name :
       {"IP_BLOCKED", "USER_BLOCKED", "ACCOUNT_UNLOCKED", "ACCOUNT_LOCKED", "BUSYBODY", "CLOCK"}) {
    for (const RecordOutcome outcome : {RecordOutcome::error, RecordOutcome::denied,
                                        RecordOutcome::rejected, RecordOutcome::limited}) {
      CAPTURE(name);
      CHECK_FALSE(starts(advice(name, outcome), kLocked));
    }
  }
  CHECK(starts(advice("IP_BLOCKED", RecordOutcome::denied), "Refused on purpose."));
  CHECK(starts(advice("USER_BLOCKED", RecordOutcome::denied), "Refused on purpose."));
  CHECK(starts(advice("TOKEN_EXPIRED", RecordOutcome::denied), "Refused on purpose."));
  CHECK(starts(advice("BROKEN_TOKENS", RecordOutcome::denied), "The caller was not allowed to."));
  CHECK(starts(advice("ACCOUNT_UNLOCKED", RecordOutcome::rejected), "The request was not valid"));
  CHECK(starts(advice("ROOM_NOT_FOUND", RecordOutcome::rejected), "Asked for what is not there"));
  CHECK(starts(advice("NOT_FOUNDED", RecordOutcome::rejected), "The request was not valid"));
  CHECK(starts(advice("BREAKER_OPEN", RecordOutcome::error), "The circuit breaker refuses"));
  CHECK(starts(advice("TIEBREAKER", RecordOutcome::error), "A failure of the server itself"));
  CHECK(starts(advice("QUEUE_FULL", RecordOutcome::error), "A queue inside the server is full"));
  CHECK(starts(advice("OVERLOADED", RecordOutcome::limited), "A queue inside the server is full"));
  CHECK(starts(advice("QUEUE_NOT_FOUND", RecordOutcome::rejected), "Asked for what is not there"));
  CHECK(starts(advice("DISK_FULL", RecordOutcome::error),
               "The database failed other than by waiting"));
  CHECK(starts(advice("DISKO", RecordOutcome::error), "A failure of the server itself"));
  CHECK(advice("", RecordOutcome::timeout) ==
        "It ran into a time limit. See its stages under Bottlenecks, and the slowest ones of SEND "
        "in detail.");
  CHECK(starts(advice("", RecordOutcome::limited), "The rate limit did its work."));
  CHECK(starts(advice("", RecordOutcome::cancelled), "The operation was given up"));
}
