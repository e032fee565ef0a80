// The life of alerts. Deterministic: a snapshot and the time go in, transitions come out.
//
//            first tick over                     raise_ticks of the last of_ticks over
//   (none) ------------------> pending ------------------------------------------------> firing
//   <--+
//                                 |                                                      |   ^ |
//                                 over a higher | none of the last of_ticks over below |   | over|
//                                 level: the level v                                          its
//                                 clear   v   |     | rises at once
//                              resolved <---- clear_after below ----------------- recovering
//                              ------+
//                                              each level's clear                     |
//                                                                                     +-> a lower
//                                                                                     level, firing
//                                                                                     or
//                                                                                         recovering,
//                                                                                         if that
//                                                                                         one's
//                                                                                         clear was
//                                                                                         not kept
//                                                                                         so long
//
//   E1  Once firing, a level rises in one tick and falls only through recovering.
//   E2  A figure that is not known changes no state, and time spent not knowing counts toward
//   nothing. The log says
//       so once for each such gap (at most once in clear_after), and after hold_without_data the
//       alert is resolved as unknown.
//   E3  Too small a sample raises nothing and clears nothing.
//   E4  A fact (a crash, a loss, an open breaker) skips pending.
//
// Every figure of alert_rules.h has its own episode, from raising to resolving. What is done with
// transitions (the log, and whoever else is to be told) is decided by who calls evaluate(), so that
// spacing out repeats and summing up storms find their place between here and there.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/alerts/alert_rules.h"
#include "daemon/config/config.h"
#include "report/model/snapshot.h"

namespace ringside {

// How many transitions a snapshot shows; the alert log has them all.
inline constexpr std::size_t kTransitionsKept = 200;

class AlertEngine {
 public:
  explicit AlertEngine(const Config& config) : config_(config) {}

  // New thresholds hold from the next evaluation on; episodes go on.
  void reconfigure(const Config& config) { config_ = config; }

  // One tick. The snapshot's own alerts are not looked at.
  std::vector<AlertTransition> evaluate(const Snapshot& snapshot, std::int64_t monotonic_ns,
                                        std::int64_t wall_ns);

  // Fills in what the snapshot shows: active alerts (firing first, then by level and age) and
  // recent transitions.
  void show(Snapshot& snapshot) const;

  // Everything that goes on after a restart. decode() takes it back, in a new engine; false, and
  // nothing taken, when it isn't such a state, and why says what is wrong.
  std::string encode() const;
  bool decode(std::string_view bytes, std::string* why);

 private:
  struct Episode {
    std::string id;
    Reading reading;                   // the latest that had a value
    AlertState state = AlertState::pending;
    AlertLevel level = AlertLevel::info;
    // For each level, one bit for each of the latest ticks with a value: was it reached?
    std::array<std::uint64_t, kAlertLevels> over{};
    // For each level, since when the value has been below its clear threshold, in observed time.
    std::array<std::optional<std::int64_t>, kAlertLevels> below_since_ns{};
    std::int64_t began_ns = 0;         // observed time
    std::int64_t began_wall_ns = 0;
    double worst = 0;
    std::optional<std::int64_t> missing_since_ns;
    std::optional<std::int64_t> said_missing_ns;
    AlertTransition last;
  };

  void step(const Reading& reading);
  void begin(const Reading& reading, AlertLevel reached);
  void step_known(Episode& episode, const Reading& reading);
  void step_pending(Episode& episode, std::optional<AlertLevel> reached);
  void step_firing(Episode& episode, std::optional<AlertLevel> reached);
  void step_recovering(Episode& episode, std::optional<AlertLevel> reached);
  void step_unknown(Episode& episode, const std::string& why);
  void observe(Episode& episode, const Reading& reading);
  // The bits of the latest of_ticks ticks.
  std::uint64_t tick_mask() const;
  bool kept_below(const Episode& episode, std::size_t level) const;
  std::optional<AlertLevel> raised(const Episode& episode) const;
  void emit(Episode& episode, AlertState state, AlertLevel level, const std::string& text);
  std::string next_id();

  Config config_;
  RuleMemory memory_;
  std::map<std::string, Episode> episodes_;   // by Reading::key()
  std::deque<AlertTransition> recent_;
  std::uint64_t forgotten_ = 0;
  std::uint64_t last_id_ = 0;
  // Observed time: it runs while ticks come, and stands still while the daemon does not run. Ages
  // are told in it, so that a daemon that was away for an hour has not seen an hour below the
  // threshold.
  std::int64_t observed_ns_ = 0;

  // During one evaluation.
  std::optional<std::int64_t> last_monotonic_ns_;
  std::int64_t step_ns_ = 0;
  std::int64_t wall_ns_ = 0;
  bool name_rings_ = false;
  std::vector<AlertTransition> out_;
};

}  // namespace ringside
