// Regressions, online: each minute of each operation, against the same hours of the past week or
// against a pinned baseline.
//
//   minutes ──> OperationWatch ── FigureWatch p50, p95, stages ──> finding: slower, or mix shift
//          ├──> CommonDrift: what all operations of a ring share, which is taken off
//          └──> the ring's mean if each operation is as usual ─────> finding: mix shift
//
// A rise counts when all of this holds:
//   effect     at least 10 % at p50, 20 % at p95, 15 % of a stage and 1 % of its operation's time;
//              and ten ticks of the clock
//   certainty  two detectors agree (figure_watch.h), each corrected for how many figures are
//              watched. Of the e-detector, on average one false alarm a month and operation at
//              most, and of more than four operations four a month over all figures
//   past       at least two days know the hour; incidents are left out of the past
//   load       a ring with half again as many calls as in the last hour, and as the time of day
//              lets expect, is not compared: queueing is no regression. After half an hour it is.
//   breadth    a rise of less than three times what half of the ring's operations show in the same
//              minutes lasts for 48 of them: a pause or a mood of the host is no regression
//
// A change that is over is said as such (ongoing = false). One that lasts for a week is usual from
// then on. One that gets no more points is no longer seen, and is not said to have gone away. No
// clock, no file: time is the minutes'. It can be copied.
//
// The wall clock may jump. Spans of days are counted in minutes that came, so a jump ahead ends and
// forgets nothing. A minute that is more than two hours older than the last of its ring says that
// the clock was set back: the ring goes on from there.
//
// Memory: at most 3 KB a figure, and 48 bytes for each bucket that an operation's calls have filled
// in the last hours. So 256 operations with six stages take about 8 MB, and a minute of them costs
// about 2 ms.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "report/analysis/common_drift.h"
#include "report/analysis/operation_watch.h"
#include "report/model/regressions.h"

namespace ringside {

struct RegressionOptions {
  // A pinned baseline: only levels of these minutes are compared with. Two days at least. Both 0:
  // the past week.
  std::int64_t pinned_begin_wall_s = 0;
  std::int64_t pinned_end_wall_s = 0;
  bool pinned() const { return pinned_end_wall_s > pinned_begin_wall_s; }
  // How long a finding that is over stays in the list. At least alerts.clear_after.
  std::int64_t kept_s = 3600;
  std::size_t most_operations = 1'024;  // of all rings; those that come later are not watched
};

class RegressionWatch {
 public:
  explicit RegressionWatch(RegressionOptions options = {}) : options_(options) {}

  // The minute that begins at `begin_wall_s`: of each series the slot of that minute, if it has
  // one. Events and operations that wait for their client are passed over. The minutes of a ring
  // come in order; one that is up to two hours older than its last is ignored. Of the rings
  // `in_trouble` nothing is learned: an incident went on. An empty name there is the host, and
  // stands for all of them. A minute in which somebody looked and there were no calls is handed
  // over too.
  void add_minute(std::int64_t begin_wall_s, const std::vector<HistorySeries>& batch,
                  const std::set<std::string>& in_trouble = {});
  // An hour of whose minutes nothing is known any more: it says what was usual at that time of day.
  // In its turn with the minutes of the ring; one that is older than the last is ignored. Not with
  // a pinned baseline that leaves it out.
  void learn_hour(std::int64_t begin_wall_s, const std::vector<HistorySeries>& batch,
                  const std::set<std::string>& in_trouble = {});

  // How long a finding that is over stays in the list from now on.
  void keep_for(std::int64_t kept_s) { options_.kept_s = kept_s; }
  // The length of a tick of the ring's clock; 1 ns until this is called. A rise of less than ten of
  // them that was found before is none.
  void set_clock_resolution(const std::string& ring, double tick_ns);
  const RegressionOptions& options() const { return options_; }

  // What the snapshot takes: changes that last, and those that ended within kept_s.
  std::vector<RegressionView> regressions() const;
  // Slower operations and mix shifts, ongoing ones and those that ended within kept_s.
  std::vector<RegressionFinding> findings() const;
  // Figures with enough of a past to be judged, and minutes of operations for which there was no
  // room.
  std::size_t watched_figures() const { return watched_; }
  std::uint64_t not_watched() const { return not_watched_; }
  // What the rise of a median must pass now, beside its least effect. It follows each hour.
  const FigureLimits& certainty() const { return certainty_; }
  // What a p95 or a stage must pass in place of certainty().log_run: they may take longer.
  double patient_log_run() const { return patient_log_run_; }

 private:
  // All operations of a ring.
  struct Ring {
    std::int64_t last = 0;  // begin of its last minute or hour
    double tick_ns = 1;     // of its clock
    Usual traffic;
    std::deque<double> last_hour;       // the calls of each minute
    std::int64_t held_until = 0;        // too much traffic to compare
    CommonDrift common;
    // The mean of a call of any operation, if each takes as long as usual: its distance from that
    // of the usual calls, a logarithm from kMixOrigin on.
    FigureWatch mean;
    double typical_ns = 0;  // that of the usual calls
    KeptFindings findings;  // of the mix
  };
  using Key = std::pair<std::string, std::string>;  // ring, operation
  // What the minute has of one operation.
  struct Present {
    const HistorySeries& series;
    const HistorySlot& slot;
  };
  // What the minute has of a ring.
  struct Sum {
    double calls = 0;
    double timed = 0;
    double ns = 0;  // of these, if each operation takes as long as usual
    bool skip = false;
    MinuteDistances distances;
    double common_p50 = 0;
    double common_p95 = 0;
  };
  using Sums = std::map<std::string, Sum>;

  bool in_baseline(std::int64_t begin_wall_s) const;
  std::vector<Present> present(std::int64_t begin_wall_s, const std::vector<HistorySeries>& batch);
  void set_back(const std::string& name, Ring& ring, std::int64_t wall_s);
  OperationWatch* operation_of(const HistorySeries& series);
  Sums sums_of(std::int64_t begin_wall_s, const std::vector<Present>& present,
               const std::set<std::string>& in_trouble);
  void watch_operations(const std::vector<Present>& present, Sums& sums, WatchedMinute minute,
                        const std::set<std::string>& in_trouble);
  bool overloaded(Ring& ring, std::int64_t wall_s, double calls);
  void watch_mix(const std::string& name, Ring& ring, std::int64_t wall_s, double calls, double ns,
                 bool learn);
  static double mean_level(double mean_ns, double usual_ns);
  double usual_call_ns(const std::string& name) const;
  void open_mix(const std::string& name, Ring& ring, std::int64_t wall_s);
  void follow_mix(Ring& ring, std::int64_t end_wall_s);
  void begin_hour(std::int64_t wall_s);
  void end_minute(std::int64_t begin_wall_s);
  FigureLimits certainty_now() const;

  RegressionOptions options_;
  std::map<Key, OperationWatch> operations_;
  std::map<std::string, Ring> rings_;
  std::int64_t last_ = 0;  // the begin of the last minute that has ended
  std::int64_t hour_ = -1;
  std::uint64_t hours_ = 0;  // that have begun
  std::size_t watched_ = 0;
  std::uint64_t not_watched_ = 0;
  FigureLimits certainty_;
  double patient_log_run_ = 0;
};

}  // namespace ringside
