// Reads the figures of one snapshot, family by family. For alert_rules.cpp, which has the list.
#pragma once

#include <array>
#include <cmath>
#include <deque>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/alerts/alert_rules.h"
#include "daemon/alerts/confidence.h"
#include "daemon/alerts/evidence.h"

namespace ringside {

class Readings {
 public:
  Readings(const Snapshot& snapshot, const Config& config, RuleMemory& memory)
      : s_(snapshot), config_(config), alerts_(config.alerts), memory_(memory) {}

  std::vector<Reading> all();

 private:
  // How sure a share must be at one tick. By chance alone each share may raise at most its part of
  // the false alarms that are allowed, and it is raised by raise_ticks of of_ticks.
  double z() const;
  Reading& add(AlertType alert, std::string figure, Levels levels, AlertUnit unit);
  // Whether calls are too slow or fail for no known reason, or records are lost, by what has been
  // read so far.
  enum class Suffering : std::uint8_t {
    none,
    by_database,  // calls are slow or fail, and the database explains it, now or a moment ago
    some
  };
  Suffering suffering() const;
  // Notes which rings' databases explain that calls are slow or fail, now or a moment ago.
  void remember_database();
  const SeriesView* event(const RingView& ring, std::string_view name) const;
  // Null for a ring that was not there at the last tick: what it lost by then is no news.
  const RuleMemory::Ring* before_of(const RingView& ring) const;

  // rules_calls.cpp
  // Judges a share of calls against each level's limits. Returns the window that the figure is told
  // over: the one that decided on the highest level reached, or else on the lowest.
  std::size_t judge_share(Reading& r, const SeriesView& series,
                          const std::function<Share(const WindowStats&, double bound)>& count,
                          const std::function<double(double bound)>& limit);
  void latency(const SeriesView& series);
  // Whether a ring's server started within alerts.start_grace.
  bool just_started(const std::string& ring) const;
  // Judges how many of a series took longer than each level. Returns what judge_share() does.
  std::size_t judge_slow(Reading& r, const SeriesView& series);
  // The value and the text: the p95 of window `told`.
  void tell_p95(Reading& r, const SeriesView& series, std::size_t told, const char* many);
  // Judges one operation. With an empty name it judges all operations of a ring together.
  void error_rate(const std::string& operation, const SeriesView& series);
  // The error that at least half of the last minute's failed calls ended with. Empty: none.
  std::string commonest_error(const std::string& operation, const SeriesView& series) const;
  // The share of a series' records that failed. Returns the window that it is told over, and leaves
  // its name in told_.
  const WindowStats& failures(Reading& r, const SeriesView& series);

  // rules_database.cpp
  void database(const RingView& ring, const SeriesView& all);
  // Errors are counted by the minute. What has come since the last tick says whether it goes on.
  void database_errors(const RingView& ring, const SeriesView& all);

  // rules_server.cpp
  void processes(const RingView& ring);
  void connections(const RingView& ring);
  void stopped(const RingView& ring);

  void lock_waits(const RingView& ring);
  // The p95 of a ring's transactions.
  void transaction_time(const RingView& ring);

  // rules_growth.cpp
  // What a figure of a process is now, and what it must not reach.
  struct Room {
    double now, limit;
    std::string what;        // "open files"
    std::string limit_text;  // "the limit of 1,024"
    std::function<std::string(double)> text_of;
  };
  void remember_processes();
  double other_files(const ProcessView& process) const;
  void growth(const RingView& ring);
  void add_growth(AlertType alert, const char* figure, const Levels& levels, const RingView& ring,
                  Growth RuleMemory::Process::*of,
                  const std::function<std::optional<Room>(const ProcessView&)>& room_of);
  std::optional<Room> memory_room(const ProcessView& process) const;
  // Open files and threads, as they are.
  void descriptors(const RingView& ring);

  // rules_in_flight.cpp
  void remember_lanes();
  // A thread that is at one operation for too long, and writes nothing.
  void in_flight(const RingView& ring);
  void loop_lag(const RingView& ring);

  // rules_sources.cpp
  // Who fails to log in, by address and by account.
  void sources(const RingView& ring);
  void add_source(const RingView& ring, const char* figure, const Levels& levels,
                  const std::vector<FailedLogins>& parties, std::uint64_t FailedLogins::*count,
                  const std::function<std::string(const FailedLogins&)>& words);
  // ", most from address 10.0.0.1 (12), ...": those that failed in the last minute.
  std::string top_sources(const RingView& ring) const;

  // rules_security.cpp
  void security(const RingView& ring);
  void rate_limited(const RingView& ring);
  void blocked(const RingView& ring);
  static void judge_count(Reading& r, std::uint64_t minute, std::uint64_t last_5s,
                          std::uint64_t last_15s);
  static std::string latest_of(const SeriesView& series);
  // A count needs no confidence: each event counts for itself.
  void per_minute(const RingView& ring, AlertType alert, const char* figure, std::string_view name,
                  const Levels& levels, const char* one, const char* many);

  // rules_normals.cpp
  // The levels of an operation's latency by its threshold, and where each comes from. What is
  // learnt takes the place of the shipped default, and only warns.
  void set_latency_levels(Reading& r, const SeriesView& series, double threshold_ns) const;
  // Calls that are missing, and calls that are too many, by what was learnt. After all else: what
  // slow or failing calls explain is not said here.
  void traffic(const RingView& ring);
  struct Calls;
  void missing(const Calls& calls, bool explained);
  void burst(const Calls& calls, bool explained);
  bool traffic_explained(const RingView& ring) const;
  // rules_regressions.cpp
  void regressions();

  // rules_slo.cpp
  void objectives();
  Share count_calls(const ObjectiveConfig& objective, SloMemory::Objective& memory);
  std::string worst_operation(const ObjectiveConfig& objective) const;
  void burn_figure(const ObjectiveConfig& objective, const SloLedger& ledger, AlertLevel level,
                   const char* pace, const Share& fresh);
  bool any_live(const ObjectiveConfig& objective) const;

  // rules_host.cpp
  void host();
  // A figure of the host's CPUs: over only while a server suffers.
  void busy(Reading& r) const;
  // Pressure stall information: over only where calls suffer, or the host is busy as well.
  void pressure();

  const Snapshot& s_;
  const Config& config_;
  const AlertConfig& alerts_;
  RuleMemory& memory_;
  const double z_ = z();
  const double slot_z_ =
      slot_z(config_, judged_shares(config_, s_.operations.size(), s_.rings.size()));
  std::string told_;
  std::map<std::string, RuleMemory::Ring> now_;  // becomes the memory
  std::deque<Reading> out_;                      // a rule holds one reading while it adds the next
};

}  // namespace ringside
