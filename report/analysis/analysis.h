// From figures to findings: what is wrong, where the time goes, what to do about it. A pure function of the snapshot.
//
// Nothing is claimed from a small sample: a rate or a share needs kMinClaim operations, a quantile five values
// beyond it (samples_needed). Where there are fewer, the finding is absent and the renderer says how many there were.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/model/names.h"
#include "report/model/snapshot.h"

namespace ringside {

inline constexpr std::uint64_t kMinClaim = 20;

// How many values a quantile needs before it is shown: five beyond it, so that p50 needs 10, p90 50, p95 100, p99 500
// and p99.9 5000. Fewer make it the story of one or two operations.
std::uint64_t samples_needed(double q);
// The quantile in nanoseconds, or nothing when the sample is too small for it.
std::optional<double> quantile_ns(const WindowStats& stats, double q);

// The window that a table shows: the last hour if anything happened in it, else since start.
Window shown_window(const SeriesView& all);
// "the last 5 min"; while a window has not been filled yet, how much of it there is: "the last hour (14 min 03 s so far)".
std::string describe_window(const Snapshot& snapshot, Window window);

const SeriesView* find_series(const std::vector<SeriesView>& series, std::string_view name);

// In the order in which one outweighs the other: what is known to fail is said first, even by the half blind.
enum class Verdict : std::uint8_t { healthy, degraded, blind, failing };
const char* verdict_name(Verdict verdict);

struct Reason {
  Verdict weight = Verdict::healthy;   // the verdict that it alone would give
  std::string text;
};

struct ErrorFinding {
  ErrorStats error;
  Window window = Window::since_start;   // what the counts are about
  std::uint64_t count = 0;
  std::uint64_t operations = 0;          // of its operation
  double share = 0;                      // count / operations
  bool failure = false;                  // the server's fault (error, timeout); else a refusal that the caller earned
};

// One error code on whatever operations.
struct ErrorKind {
  std::uint16_t code = 0;
  std::string name;
  RecordOutcome outcome = RecordOutcome::error;
  bool failure = false;
  std::array<std::uint64_t, kWindows> count{};
  std::int64_t last_wall_ns = 0;
  Party last_actor;
  std::size_t operations = 0;            // on how many it was seen
  std::string top_operation;             // on which most
  std::uint64_t top_count = 0;
  bool rising = false;                   // the last minute has significantly more than the hour before it
  std::string advice;
};

struct StageTime {
  std::string name;
  std::uint64_t count = 0;
  std::uint64_t sum_ns = 0;
  std::uint64_t max_ns = 0;
  double share = 0;          // of the time of what it is listed under
};

// Where one operation's time goes, or that of all of them.
struct TimeShare {
  std::string operation;         // "all" for all
  std::uint64_t timed = 0;
  std::uint64_t sum_ns = 0;
  double share_of_all = 0;       // of the time of all operations
  double share_of_calls = 0;     // of their number
  std::vector<StageTime> stages; // those marked, in their order
  double unmarked = 0;           // share of its time that no stage covers
  bool enough = false;           // timed >= kMinClaim
};

struct SlowOperation {
  std::string operation;
  std::uint64_t timed = 0;
  double threshold_ns = 0;
  std::uint64_t over = 0;        // slower than the threshold, to within the bucket that the threshold lies in
  std::optional<double> p95_ns;
  std::uint64_t max_ns = 0;
};

// One kind of event over the shown window.
struct EventFinding {
  std::string name;
  std::string meaning;
  std::uint64_t count = 0;         // with those only counted
  std::uint64_t since_start = 0;
  std::uint64_t sum_ns = 0;
  std::int64_t last_wall_ns = 0;
  Party last_party;                // who acted, or else on whom
};

struct DatabaseSummary {
  std::uint64_t transactions = 0;
  std::uint64_t rollbacks = 0;
  double rollback_share = 0;
  double busy = 0;                     // transactions that ran at once, on average (time in them / time)
  std::optional<std::int64_t> at_once_now, at_once_max;   // the gauge, where the server sets it
  std::uint64_t slow_queries = 0;
  std::uint64_t slow_query_ns = 0;
  std::uint64_t stage_ns = 0;          // of the operations' database stage
  std::uint64_t transaction_ns = 0;
};

// One address that was blocked, as far as the records kept reach back.
struct BlockEffect {
  Party address;
  std::int64_t blocked_wall_ns = 0;
  std::uint64_t attempts_before = 0;   // as the server counted them when it blocked
  std::uint64_t turned_away = 0;       // after the block
  std::uint64_t got_through = 0;       // failed logins and rejected tokens of this address after the block
};

struct SecuritySummary {
  std::vector<EventFinding> events;
  std::uint64_t rate_allowed = 0, rate_limited = 0;
  std::vector<BlockEffect> blocks;
  StageTime stage;          // the security stage of all operations; count 0 where none marks it
  std::uint64_t audit_ns = 0;
};

struct ResilienceSummary {
  std::vector<EventFinding> events;
  std::optional<BreakerState> breaker_state;   // absent when it never moved
  std::int64_t breaker_since_wall_ns = 0;
  std::array<std::uint64_t, 3> time_in_ns{};   // closed, open, half-open: of the states that were left, as far as records are kept
  std::uint64_t breaker_moves = 0;             // over which
};

enum class Confidence : std::uint8_t { low, medium, high };
const char* confidence_name(Confidence confidence);

struct Suggestion {
  std::string what;
  std::string evidence;
  std::string gain;            // in words, with the figure
  double gain_share = 0;       // of the time of all operations (0 where the gain isn't time); what they are sorted by
  Confidence confidence = Confidence::low;
  std::string why;             // that much confidence
};

struct Analysis {
  Window window = Window::since_start;    // what everything but the verdict is about
  Verdict verdict = Verdict::blind;
  std::vector<Reason> reasons;            // heaviest first, never empty
  std::vector<ErrorKind> error_kinds;     // failures first, then by count
  std::vector<ErrorFinding> errors;       // the same, for each operation
  TimeShare all;
  std::vector<TimeShare> operations;      // by time, most first
  std::vector<SlowOperation> slow;        // by the share that is over, most first
  std::optional<DatabaseSummary> database;
  SecuritySummary security;
  ResilienceSummary resilience;
  std::vector<Suggestion> suggestions;
};

Analysis analyse(const Snapshot& snapshot);

namespace detail {
// The parts, each in a file of its own; they fill in what is theirs and read what those before them did.
void find_errors(const Snapshot& snapshot, Analysis& analysis);
void find_time(const Snapshot& snapshot, Analysis& analysis);
void find_security(const Snapshot& snapshot, Analysis& analysis);
void find_verdict(const Snapshot& snapshot, Analysis& analysis);
void find_suggestions(const Snapshot& snapshot, Analysis& analysis);
}  // namespace detail

}  // namespace ringside
