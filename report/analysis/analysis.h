// From figures to findings: what is wrong, where the time goes, what to do about it. A pure
// function of the snapshot. It runs once, and every renderer gets the same result (Report).
//
// A small sample proves nothing. A rate or a share needs kMinClaim operations, a quantile five
// values beyond it (samples_needed). Where there are fewer, the finding is absent and the renderer
// says how many there were. judgement.h compares figures with thresholds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/analysis/bottlenecks.h"
#include "report/analysis/kept_advice.h"
#include "report/analysis/level_changes.h"
#include "report/analysis/story.h"
#include "report/model/advice.h"
#include "report/model/history.h"
#include "report/model/names.h"
#include "report/model/snapshot.h"

namespace ringside {

inline constexpr std::uint64_t kMinClaim = 20;

// How many values a quantile needs before it is shown: five beyond it. So p50 needs 10, p90 50, p95
// 100, p99 500 and p99.9 5000. With fewer it would show one or two operations.
std::uint64_t samples_needed(double q);
// The quantile in nanoseconds, or nothing when the sample is too small for it.
std::optional<double> quantile_ns(const WindowStats& stats, double q);

// The window that a table shows: the last hour if anything happened in it, else since start.
Window shown_window(const SeriesView& all);

// Null when there is no such series. Two rings may have operations of the same name.
const SeriesView* find_series(const std::vector<SeriesView>& list, std::string_view ring,
                              std::string_view name);

// From the lightest to the heaviest. A known failure outweighs missing data.
enum class Verdict : std::uint8_t { healthy, degraded, blind, failing };
const char* verdict_name(Verdict verdict);

struct Reason {
  Verdict weight = Verdict::healthy;  // the verdict that it alone would give
  std::string text;
};

// One error of one operation, over the analysis' window.
struct ErrorFinding {
  ErrorStats error;
  std::uint64_t count = 0;
  std::uint64_t operations = 0;  // calls of its operation
  double share = 0;              // count / operations
  bool failure = false;          // the server's fault (error, timeout), not a refusal
};

// One error code over all operations.
struct ErrorKind {
  std::uint16_t code = 0;
  std::string name;
  RecordOutcome outcome = RecordOutcome::error;
  bool failure = false;
  std::array<std::uint64_t, kWindows> count{};
  std::int64_t last_wall_ns = 0;
  Party last_actor;
  std::size_t operations = 0;  // the number of operations that had it
  std::string top_operation;   // the operation that had it most
  std::string top_ring;
  std::uint64_t top_count = 0;
  bool rising = false;  // the last minute has significantly more than the hour before it
  std::string advice;
};

struct StageTime {
  std::string name;
  std::uint64_t count = 0;
  std::uint64_t sum_ns = 0;
  std::uint64_t max_ns = 0;
  double share = 0;  // of the time of the entry that lists it
};

// Where the time of one operation goes, or of all. Stages are told apart by name: two operations
// may give different names to the same stage number.
struct TimeShare {
  std::string operation;  // "all" for all
  std::string ring;       // empty for all
  std::uint64_t timed = 0;
  std::uint64_t sum_ns = 0;
  double share_of_all = 0;        // of the time of all operations
  double share_of_calls = 0;      // of their number
  std::vector<StageTime> stages;  // those that were marked, the longest first
  double unmarked = 0;            // share of its time that no stage covers
  bool enough = false;            // timed >= kMinClaim
};

struct SlowOperation {
  std::string operation;
  std::string ring;
  std::uint64_t timed = 0;
  double threshold_ns = 0;
  // Slower than the threshold, except for calls in the threshold's own bucket.
  std::uint64_t over = 0;
  std::optional<double> p95_ns;
  std::uint64_t max_ns = 0;
};

// One kind of event over the shown window.
struct EventFinding {
  std::string name;
  std::string ring;
  std::string meaning;
  std::uint64_t count = 0;  // with those only counted
  std::uint64_t since_start = 0;
  std::uint64_t sum_ns = 0;
  std::int64_t last_wall_ns = 0;
  Party last_party;  // who acted, or otherwise on whom
};

// The database of one ring.
struct DatabaseSummary {
  std::string ring;
  std::uint64_t transactions = 0;
  std::uint64_t rollbacks = 0;
  double rollback_share = 0;
  double busy = 0;  // transactions at the same time, on average (time in them / time)
  std::optional<std::int64_t> at_once_now, at_once_max;  // the gauge, where the server sets it
  std::uint64_t slow_queries = 0;
  std::uint64_t slow_query_ns = 0;
  std::uint64_t stage_ns = 0;  // of the operations' database stage
  std::uint64_t transaction_ns = 0;
};

struct SecuritySummary {
  std::vector<EventFinding> events;
  std::uint64_t rate_allowed = 0, rate_limited = 0;
  std::uint64_t rejected = 0;  // calls of operations with the outcome `rejected`
  StageTime validation;        // the stages of all operations; count 0 where none marks it
  StageTime stage;             // security
  std::uint64_t audit_ns = 0;
};

// A circuit breaker that has moved, as far back as records are kept.
struct BreakerSummary {
  std::string ring;
  BreakerState state = BreakerState::closed;
  std::int64_t since_wall_ns = 0;
  // The time in each state that it has left, by BreakerState, over `moves` moves.
  std::array<std::uint64_t, kBreakerStates> time_in_ns{};
  std::uint64_t moves = 0;
};

struct ResilienceSummary {
  std::vector<EventFinding> events;
  std::vector<BreakerSummary> breakers;
};

enum class Confidence : std::uint8_t { low, medium, high };
const char* confidence_name(Confidence confidence);

struct Suggestion {
  AdviceKey key;
  double figure = 0;  // in the unit of its kind; less is better
  std::string what;
  std::string evidence;
  std::string gain;       // in words, with the figure
  double gain_share = 0;  // of the time of all operations; 0 where the gain isn't time
  Confidence confidence = Confidence::low;
  std::string why;  // the reason for this confidence
};

struct Analysis {
  Window window = Window::since_start;  // covers everything but the verdict
  Verdict verdict = Verdict::blind;
  std::vector<Reason> reasons;         // heaviest first, never empty
  std::vector<ErrorKind> error_kinds;  // failures first, then by count
  std::vector<ErrorFinding> errors;    // the same, for each operation
  TimeShare all;
  std::vector<TimeShare> operations;       // by time, most first
  std::uint64_t waiting = 0;  // operations left out of both: they wait for their client
  std::vector<SlowOperation> slow;         // by the share that is over, most first
  std::vector<DatabaseSummary> databases;  // one for each ring that says something of its database
  SecuritySummary security;
  ResilienceSummary resilience;
  Bottlenecks bottlenecks;
  std::vector<Suggestion> suggestions;
  LevelChanges changes;                 // over the days of the history
  std::vector<KeptAdvice> kept_advice;  // of earlier: what is over first, each the latest first
  std::vector<Story> stories;  // the gravest first
  Headline headline;           // the verdict in three sentences
};

// `history` may be null: there is none. `days`: the hours of the days up to the snapshot, for what
// takes days; null: those of the history.
Analysis analyse(const Snapshot& snapshot, const HistorySpan* history = nullptr,
                 const HistorySpan* days = nullptr);

struct Comparison;  // comparison.h

// What a renderer is given. The snapshot must outlive it, and so must the history and the
// comparison. They may be null: then nothing is said over time, or of another span.
struct Report {
  explicit Report(const Snapshot& of, const HistorySpan* past = nullptr,
                  const Comparison* compared = nullptr, const HistorySpan* days = nullptr)
      : snapshot(of), history(past), comparison(compared), analysis(analyse(of, past, days)) {}
  explicit Report(const Snapshot&&, const HistorySpan* = nullptr, const Comparison* = nullptr,
                  const HistorySpan* = nullptr) = delete;

  const Snapshot& snapshot;
  const HistorySpan* const history;
  const Comparison* const comparison;
  const Analysis analysis;
};

namespace detail {
// The parts of the analysis, each in a file of its own. A part fills in its own fields and reads
// those of earlier parts.
void find_errors(const Snapshot& snapshot, Analysis& analysis);
void find_time(const Snapshot& snapshot, Analysis& analysis);
void find_database(const Snapshot& snapshot, Analysis& analysis);
void find_security(const Snapshot& snapshot, Analysis& analysis);
void find_resilience(const Snapshot& snapshot, Analysis& analysis);
void find_verdict(const Snapshot& snapshot, Analysis& analysis);
void find_suggestions(const Snapshot& snapshot, const HistorySpan* history, Analysis& analysis);
void find_stories(const Snapshot& snapshot, const HistorySpan* history, Analysis& analysis);
}  // namespace detail

}  // namespace ringside
