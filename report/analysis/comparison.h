// One span of the history held against another: which operations and stages are slower or faster,
// which fail more or less, and how sure that is. A pure function of the two.
//
//   steps    both spans are cut into up to 48 steps of the same times. Each step of an operation is
//            one point of each figure: p50, p95, the share that failed, each stage's mean. What
//            went on in one step, however bad, is one point of 48.
//   effect   the median of the differences of the steps. Spans of whole days at the same hours, and
//            a baseline of several days at the same time of day, differ by no time of day.
//   least    10 % at p50, 20 % at p95, 15 % of a stage and 1 % of its operation, and 10 ns: the
//            history does not know how long a tick of the ring's clock was; half a point more or
//            less of failed calls, and half as many again
//   sure     a robust t-test (above_zero.h) of whether the steps differ by more than half of the
//            least effect, for both directions, multiplied by the number of figures that are judged
//            (Bonferroni): by chance one comparison in a hundred has any change
//   enough   at least 16 steps with 20 calls in both spans (100 for p95); else nothing is said
//   past     minutes of incidents are left out of the past, and not of the present
//   mix      calls of an operation that moved to the slow kind (mix.h), and calls that moved to
//   slow
//            operations, are told as that
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/model/history.h"
#include "report/model/snapshot.h"

namespace ringside {

// What an operation was like in all of one span, incidents included.
struct ComparedSide {
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  double rate = 0;  // a second
  std::uint64_t timed = 0;
  // Within 1.1 %; nothing where there are too few (samples_needed).
  std::optional<double> p50_ns, p95_ns;

  double error_share() const {
    return count > 0 ? static_cast<double>(errors) / static_cast<double>(count) : 0;
  }
};

struct ComparedFigure {
  enum class Kind : std::uint8_t { p50, p95, failed, stage };
  Kind kind = Kind::p50;
  std::string stage;         // the mean of this one
  std::size_t steps = 0;     // that both spans have; fewer than kComparedSteps: not judged
  double then = 0, now = 0;  // of a step in the middle: nanoseconds, or a share of 0..1
  double effect = 0;         // now / then - 1; of a share now - then
  double certainty = 0;      // 0..1, corrected for the number of figures
  bool changed = false;      // enough of an effect, and 0.99 certain

  bool judged() const;
};
const char* name_of(ComparedFigure::Kind kind);
inline constexpr std::size_t kComparedSteps = 16;

struct ComparedOperation {
  enum class Kind : std::uint8_t {
    unknown,  // too few calls in one of the spans, or it waits for its client
    same,
    slower,
    faster,
    mix_shift  // more or fewer calls of the slow kind; neither kind became slower or faster
  };
  std::string ring, operation;
  ComparedSide then, now;
  Kind kind = Kind::unknown;
  std::vector<ComparedFigure> figures;  // p50, p95, failed, then the stages
  std::optional<std::size_t> told;      // of figures: what made it slower or faster
  std::optional<std::size_t> by_stage;  // the changed stage that takes half of that or more
  // Of a mix shift: calls longer than this are the slow kind, and their shares.
  double boundary_ns = 0, slow_then = 0, slow_now = 0;
  double load = 0;   // calls of all operations of its ring a second, now / then; 0: not known
  std::string text;  // one sentence; empty where nothing changed

  const ComparedFigure* failed() const;  // if the share that failed changed
  bool changed() const { return !text.empty(); }
};
const char* name_of(ComparedOperation::Kind kind);

struct Comparison {
  std::int64_t begin_wall_s = 0, end_wall_s = 0;  // the span that is compared with
  std::string asked;                              // as a person named it: "yesterday", "baseline"
  double then_seconds = 0;                        // of it the history holds so much
  std::size_t steps = 0;                          // at most, of a figure
  bool by_time_of_day = false;                    // the same times of several days
  std::size_t figures = 0;                        // that are judged, of all operations
  std::size_t left_out = 0;                   // minutes or hours of the past that had an incident
  std::vector<ComparedOperation> operations;  // changed ones first, the greatest effect first
  std::vector<std::string> only_then, only_now;  // labels of operations seen in one span alone
  std::vector<std::string> mixes;  // sentences: traffic that moved to slower operations, by ring
  std::string verdict;             // what changed, in one to three sentences
};

// `now` is the span that is reported. Either has minutes or hours. Where `then` has hours, each of
// them is held against the minutes of the same hour.
Comparison compare_spans(const HistorySpan& now, const HistorySpan& then);

namespace detail {
// comparison_text.cpp: the sentences of what has been found.
void word_operation(const Snapshot& snapshot, const std::string& past, ComparedOperation& compared);
void word_verdict(Comparison& comparison);
// Of a ring's calls, more are of slow operations: their mean before and now.
std::string mix_sentence(const Snapshot& snapshot, const std::string& ring, double then_ns,
                         double now_ns);
// "from 2026-11-26 00:00 to 08:00 UTC"
std::string past_label(std::int64_t begin_wall_s, std::int64_t end_wall_s);
}  // namespace detail

}  // namespace ringside
