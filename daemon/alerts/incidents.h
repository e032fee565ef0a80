// Incidents: what happens together on one server is one story, with a cause and its symptoms.
//
//   episode fires ──> explained by an open incident's cause?   it is a symptom: counted
//                     explains an open incident's cause?       it takes the incident over
//                     the same figure again?                   the incident flaps
//                     else                                     a new incident: "begun"
//
//   begun     the first episode fires
//   risen     the level is higher than the log has said, or another cause is known; at most twice
//   ended     no episode of it has been active for a while (`alerts.incidents.quiet`: 30 s), and
//             twice as long for each time that it came back meanwhile, up to 16 min. Its length is
//             told up to the moment when the last episode began to recover.
//   repeated  it goes on, and `alerts.repeat` of its level has passed since it was told. For
//             receivers, not for the log.
//
// So the log has at most three lines of an incident until it ends. Causes come before their
// symptoms in this order: server_down, system_overload, database_issue, security_threat,
// high_connections, high_memory, telemetry_loss, missing traffic (server_down's figure `traffic`),
// high_error_rate, high_latency, performance_regression, slo_burn. explains() has the rules.
//
// Deterministic, as the engine is: transitions, a snapshot and the time go in, lines come out.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/alerts/handling.h"
#include "daemon/config/config.h"
#include "daemon/storage/codec.h"
#include "report/model/snapshot.h"

namespace ringside {

// Whether that figure of system_overload is about a process: what a process runs out of is no
// matter of the host.
bool of_process(std::string_view figure);

// Whether an episode that fires explains another: it comes before it in the order above, on the
// same server or on the host, and the other's suspect does not point elsewhere.
bool explains(const AlertTransition& cause, const AlertTransition& symptom);

// Calls that do not come any more. The server is there, so whatever else is known explains it.
bool traffic_gone(const AlertTransition& t);

class Incidents {
 public:
  // One tick. Puts the incident's id into each transition of a firing episode, and returns the
  // incident's lines as transitions whose state is begun, risen, ended or repeated. Observed time
  // stands still while the daemon does not run.
  std::vector<AlertTransition> follow(std::vector<AlertTransition>& transitions,
                                      const Snapshot& snapshot, const AlertConfig& config,
                                      const Handling& handling, std::int64_t observed_ns,
                                      std::int64_t wall_ns);
  void show(Snapshot& snapshot, const Handling& handling) const;

  // Takes in transitions between two ticks. Nothing is told before the next one.
  void absorb(std::vector<AlertTransition>& transitions);
  // A line about an incident that lasts, as it was told last. Nothing: there is none with this id.
  std::optional<AlertTransition> about(const std::string& id) const;
  bool is_over(const std::string& id) const;  // and still visible
  // The ids of its active episodes.
  std::vector<std::string> active_episodes(const std::string& id) const;
  // Ends it at the next tick. What fires from now on is another incident.
  void clear(const std::string& id, std::string by);
  // Whether a cause that fires explains the episode.
  bool inhibited(const AlertTransition& episode) const;

  void encode(Encoder& out) const;
  // Leaves the decoder failed when the bytes are not such a state.
  void decode(Decoder& in);

 private:
  // One episode of an incident, by its latest transition.
  struct Member {
    AlertTransition last;
    bool active = false;  // firing or recovering
  };
  struct Incident {
    std::string id;
    std::string cause;                      // key in `members`
    std::map<std::string, Member> members;  // by figure
    std::int64_t began_wall_ns = 0;
    std::int64_t began_ns = 0;  // observed
    // No episode fires: its trouble is over. Episodes that recover may keep it open.
    std::optional<std::int64_t> calm_since_ns;
    std::int64_t calm_wall_ns = 0;
    std::optional<std::int64_t> quiet_since_ns;  // no episode is active
    AlertLevel told = AlertLevel::info;  // the level that the log has
    AlertLevel peak = AlertLevel::info;
    std::uint64_t rises = 0;           // lines between begun and ended
    std::uint64_t flaps = 0;           // how often it came back
    std::uint64_t failed = 0;          // calls, while it lasts
    std::set<std::string> operations;  // whose figures fired
    std::set<std::uint64_t> users;     // whose calls failed or were slow; kMostUsers at most
    std::int64_t told_ns = 0;          // observed: the latest line, or repetition
    bool heard = false;                // a line of it was told without being silenced
    std::string cleared_by;            // who and why; empty: it lasts
    bool fresh = true;                 // not told yet
    bool cause_is_new = false;
  };
  static constexpr std::size_t kMostUsers = 1000;

  void absorb_one(AlertTransition& transition);
  std::int64_t quiet_needed_ns(const Incident& incident) const;
  Incident& place_of(const AlertTransition& firing);
  Incident& begin(const AlertTransition& firing);
  void take_over(Incident& incident, Incident& other);
  void count_cost(const Snapshot& snapshot);
  void tell(Incident& incident, std::vector<AlertTransition>& lines);
  void tell_end(Incident& incident, std::vector<AlertTransition>& lines);
  bool repeat_due(const Incident& incident, AlertLevel level) const;
  void say(Incident& incident, AlertTransition line, std::vector<AlertTransition>& lines) const;
  std::optional<AlertLevel> level_of(const Incident& incident) const;
  // Whether an active episode keeps the incident open.
  static bool keeps_open(const Incident& incident, const Member& member);
  void note_calm(Incident& incident) const;
  bool ends(const Incident& incident) const;
  AlertTransition line(const Incident& incident, AlertState state, std::string text) const;
  static const AlertTransition* worse_than(const AlertTransition& cause, const Incident& incident);
  std::string story(const Incident& incident) const;
  IncidentView view(const Incident& incident, const Handling& handling) const;

  std::deque<Incident> open_;
  struct Over {
    IncidentView view;
    std::int64_t told_wall_ns = 0;  // when its end was told; it is visible for a while from then on
  };
  std::deque<Over> over_;
  std::map<std::string, std::uint64_t> errors_before_;  // by ring: failed calls at the last tick
  std::int64_t observed_ns_ = 0;
  std::int64_t wall_ns_ = 0;

  // Of the call of follow() that runs.
  const AlertConfig* config_ = nullptr;
  const Handling* handling_ = nullptr;
};

}  // namespace ringside
