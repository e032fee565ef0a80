// The life of alerts. Deterministic: a snapshot and the time go in, transitions come out.
//
//   (none) ---> pending ---> firing <---> recovering ---> resolved
//                  |                                          ^
//                  +------------------------------------------+
//
//   from         to            when
//   (none)       pending       the first tick over a level
//   pending      firing        raise_ticks of the last of_ticks over
//   pending      resolved      none of the last of_ticks over
//   firing       firing        over a higher level: the level rises at once
//   firing       recovering    below the level's clear
//   recovering   firing        over the level again, or over a higher one
//   recovering   a lower level clear_after below its own clear, but not below the lower level's:
//                              recovering if the value is below that clear now, else firing
//   recovering   resolved      clear_after below each level's clear
//
//   E1  Once firing, a level rises in one tick and falls only through recovering.
//   E2  A figure that is not known changes no state, and the time without it counts toward nothing.
//       The log says so once for each such gap, at most once in clear_after. After
//       hold_without_data the alert is resolved as unknown. Of a ring that is no longer watched it
//       is resolved at once. While the history of the days before is being read, regressions of
//       the last daemon are held without a word, because their figures are about to come.
//   E3  A tick without news (Reading::idle: no calls) is no tick for that figure.
//   E4  A fact (a crash, a loss, an open breaker) skips pending.
//
// Every figure of alert_rules.h has its own episode, from raising to resolving. The caller of
// evaluate() decides what is done with transitions: the log, and anything else that must know.
// What people say of alerts is in handling.h, what the engine makes of it in alert_requests.cpp.
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
#include "daemon/alerts/handling.h"
#include "daemon/alerts/incidents.h"
#include "daemon/config/config.h"
#include "report/model/pulse.h"
#include "report/model/snapshot.h"

namespace ringside {

// How many transitions a snapshot shows; the alert log has them all.
inline constexpr std::size_t kTransitionsKept = 200;
// How many alerts that are over it shows.
inline constexpr std::size_t kResolvedKept = 1000;

class AlertEngine {
 public:
  explicit AlertEngine(const Config& config) : config_(config) {}

  // New thresholds hold from the next evaluation on. Episodes that have begun continue.
  void reconfigure(const Config& config) { config_ = config; }

  // Evaluates one tick. The snapshot's own alerts are not read. The incidents' lines come last.
  std::vector<AlertTransition> evaluate(const Snapshot& snapshot, std::int64_t monotonic_ns,
                                        std::int64_t wall_ns);

  // Whether an emergency has begun since the last tick, so that the next one should come at once.
  // To be called about every second; changes nothing but what emergencies.h notes.
  bool urgent(const Pulse& pulse, std::int64_t monotonic_ns);

  // Acknowledges, silences or clears alerts, between two evaluations. The answer says what was
  // done, or what is wrong with the request; then nothing has changed.
  AlertAnswer handle(const AlertRequest& request, std::int64_t wall_ns);

  // Fills in what the snapshot shows: active alerts (firing first, then by level and age), those
  // that were resolved a while ago, silences, recent transitions, and incidents.
  void show(Snapshot& snapshot) const;

  // What has been learnt to be usual.
  const Normals& normals() const { return memory_.normals; }

  // Everything that continues after a restart. decode() takes it back, in a new engine. It returns
  // false and changes nothing when the bytes are not such a state; `why` then says what is wrong.
  std::string encode() const;
  bool decode(std::string_view bytes, std::string* why);

 private:
  struct Episode {
    std::string id;
    // The latest that had a value. Its text is replaced when the value has gone.
    Reading reading;
    AlertState state = AlertState::pending;
    AlertLevel level = AlertLevel::info;
    // For each level, one bit for each of the latest ticks with news: was the figure over it?
    std::array<std::uint64_t, kAlertLevels> over{};
    // For each level, since when the value has been below its clear threshold, in observed time.
    std::array<std::optional<std::int64_t>, kAlertLevels> below_since_ns{};
    std::int64_t began_ns = 0;         // observed time
    std::int64_t began_wall_ns = 0;
    double worst = 0;                  // no level is below 0
    std::optional<std::int64_t> missing_since_ns;
    std::optional<std::int64_t> said_missing_ns;
    AlertTransition last;
    std::string returns;  // the episode of the same figure that was cleared before
  };
  struct Cleared {
    std::string id;
    std::int64_t at_ns = 0;  // observed
  };

  void step(const Reading& reading);
  void begin(const Reading& reading, AlertLevel reached);
  void step_known(Episode& episode, const Reading& reading);
  void step_pending(Episode& episode, std::optional<AlertLevel> reached);
  void step_firing(Episode& episode, std::optional<AlertLevel> reached);
  void step_recovering(Episode& episode, std::optional<AlertLevel> reached);
  // `awaited`: its figure is about to come, so nothing is said.
  void step_unknown(Episode& episode, const std::string& why, bool awaited = false);
  void observe(Episode& episode, const Reading& reading);
  // A mask of of_ticks bits.
  std::uint64_t tick_mask() const;
  bool kept_below(const Episode& episode, std::size_t level) const;
  std::optional<AlertLevel> raised(const Episode& episode) const;
  void emit(Episode& episode, AlertState state, AlertLevel level, const std::string& text);
  std::string next_id();
  void close_tick(const Snapshot& snapshot);
  void note(const std::vector<RingPulse>& rings, std::int64_t monotonic_ns);
  // What active episodes say of a ring: what the normals must not learn from.
  Trouble trouble_of(const std::string& ring) const;
  void note_firing(const std::string& key);
  void keep_resolved();
  bool flapping(const std::string& key) const;
  AlertFlags flags_of(const AlertTransition& last) const;
  AlertView view_of(const std::string& key, const Episode& episode) const;
  void remember(const AlertTransition& transition);

  // alert_state.cpp
  struct Kept {
    std::deque<AlertView> resolved;
    std::map<std::string, Cleared> cleared;
    std::map<std::string, std::deque<std::int64_t>> firings;
  };
  void put_kept(Encoder& out) const;
  static Kept take_kept(Decoder& in);

  // alert_requests.cpp
  std::optional<std::string> find_wrong(const AlertRequest& request) const;
  std::vector<std::string> targets_of(const AlertRequest& request) const;
  bool is_over(const AlertRequest& request) const;
  AlertTransition line_about(const AlertRequest& request, const std::vector<std::string>& keys,
                             AlertState state, std::string text) const;
  AlertAnswer acknowledge(const AlertRequest& request, const std::vector<std::string>& keys);
  AlertAnswer silence(const AlertRequest& request, const std::vector<std::string>& keys);
  AlertAnswer unsilence(const AlertRequest& request);
  AlertAnswer clear(const AlertRequest& request, const std::vector<std::string>& keys);

  Config config_;
  RuleMemory memory_;
  std::map<std::string, Episode> episodes_;   // by Reading::key()
  Incidents incidents_;
  Handling handling_;
  std::deque<AlertView> resolved_;          // the latest last
  std::map<std::string, Cleared> cleared_;  // by Reading::key()
  // When each figure's alert began to fire, or fired again, in observed time. Within the time that
  // `alerts.flapping` looks at.
  std::map<std::string, std::deque<std::int64_t>> firings_;
  std::deque<AlertTransition> recent_;
  std::uint64_t forgotten_ = 0;
  std::uint64_t last_id_ = 0;
  // Observed time runs while ticks come and stands still while the daemon does not run. Ages are
  // measured in it. A daemon that was away for an hour has not seen an hour below the threshold.
  std::int64_t observed_ns_ = 0;

  // Of the latest evaluation. Not saved. It sets each of them before it reads it.
  std::optional<std::int64_t> last_monotonic_ns_;
  std::optional<std::int64_t> last_noted_ns_;
  std::int64_t step_ns_ = 0;
  std::int64_t wall_ns_ = 0;
  bool name_rings_ = false;
  std::vector<AlertTransition> out_;
};

}  // namespace ringside
