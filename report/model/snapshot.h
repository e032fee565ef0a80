// What is known at one instant: plain data, made by the daemon at each tick and never changed afterwards.
// Everything that is shown anywhere (report, API, dashboard, alerts) is read from here.
//
// Times are nanoseconds since the Unix epoch (…_wall_ns) or spans in nanoseconds (…_ns). Record times are
// taken from the server's clock; see shm/README.md for how they become wall time.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/model/histogram.h"

namespace ringside {

inline constexpr std::size_t kOutcomes = 7;
// Names of outcomes, stages' count and kinds as they are printed; in the order of their numbers on the wire.
inline constexpr std::array<const char*, kOutcomes> kOutcomeNames = {"ok",     "error",   "timeout",  "rejected",
                                                                     "denied", "limited", "cancelled"};
inline constexpr std::size_t kStages = 4;

// The windows over which each series is kept, in this order everywhere.
enum class Window : std::uint8_t { since_start, minute, five_minutes, hour };
inline constexpr std::size_t kWindows = 4;
inline constexpr std::array<const char*, kWindows> kWindowNames = {"since_start", "1m", "5m", "1h"};

struct StageStats {
  std::uint64_t count = 0;   // operations that marked it
  std::uint64_t sum_ns = 0;
  std::uint64_t max_ns = 0;
};

// One series (an operation, an event, a category, or all operations) over one window.
struct WindowStats {
  double seconds = 0;            // how much time the window really covers so far
  std::uint64_t recorded = 0;    // records read and believed
  std::uint64_t skipped = 0;     // counted by the server, not written as records (sampling, counted events)
  std::uint64_t errors = 0;      // of the recorded: outcomes error and timeout
  std::uint64_t refused = 0;     // of the recorded: rejected, denied, limited
  std::uint64_t timed = 0;       // of the recorded: with a span; what the latency figures are about
  std::uint64_t negative = 0;    // of the timed: negative spans, which count as zero
  std::array<std::uint64_t, kOutcomes> outcomes{};
  std::uint64_t sum_ns = 0;
  std::uint64_t min_ns = 0;      // 0 while timed == 0
  std::uint64_t max_ns = 0;
  Histogram latency;
  std::array<StageStats, kStages> stages{};
  std::int64_t value_sum = 0;    // events: sum of their values

  std::uint64_t count() const { return recorded + skipped; }
  double rate() const { return seconds > 0 ? static_cast<double>(count()) / seconds : 0; }   // per second
  double error_rate() const {                                                                // 0..1
    return count() > 0 ? static_cast<double>(errors) / static_cast<double>(count()) : 0;
  }
  double mean_ns() const { return timed > 0 ? static_cast<double>(sum_ns) / static_cast<double>(timed) : 0; }
  // Nearest-rank quantile from the histogram, held within min and max. Within 1.1 %.
  double quantile_ns(double q) const;
};

// Who or what a record is about. Kinds are the wire's: actor none|user|session|address,
// subject none|room|message|user|address.
struct Party {
  std::string kind;
  std::uint64_t id = 0;
  friend bool operator==(const Party&, const Party&) = default;
};

// One operation or event, as the ring had it.
struct RecordView {
  std::string operation;
  std::int64_t start_wall_ns = 0;
  std::int64_t duration_ns = 0;    // signed: a negative span is shown, not hidden
  std::string outcome;
  std::uint16_t error = 0;
  std::string error_name;          // empty when the server registered none
  Party actor;
  Party subject;
  std::array<std::uint64_t, kStages> stages_ns{};
  std::int64_t value = 0;          // events
  std::string context;             // events: the operation during which it happened
  bool untimed = false;
  std::string ring;
  std::uint32_t lane = 0;
  std::uint64_t position = 0;
};

// How far the figures can be believed. written = read + lost at all times; rejected are among the read.
struct Books {
  std::uint64_t written = 0;
  std::uint64_t read = 0;
  std::uint64_t lost = 0;
  std::uint64_t torn = 0;       // half-written when their thread died; not among the written
  std::uint64_t rejected = 0;   // read, but not believable

  bool balance() const { return written == read + lost; }
  Books& operator+=(const Books& other) {
    written += other.written;
    read += other.read;
    lost += other.lost;
    torn += other.torn;
    rejected += other.rejected;
    return *this;
  }
};

struct ErrorStats {
  std::uint16_t code = 0;
  std::string name;
  std::string ring;
  std::string operation;
  std::string outcome;
  std::array<std::uint64_t, kWindows> count{};
  std::int64_t last_wall_ns = 0;
  Party last_actor;
};

struct SeriesView {
  std::string name;       // wire name: SEND_MESSAGE, or a category's, or "all"
  std::string ring;       // whose; empty when it is of all rings together
  std::string category;   // empty for categories, events and "all"
  std::array<std::string, kStages> stage_names{};   // empty where the server named none
  std::array<WindowStats, kWindows> windows{};
  std::vector<RecordView> last;   // the last N that completed (default 100), latest first
  // Since start, over all rings. What the server's own totals say, beside what was read.
  std::uint64_t server_count = 0;    // recorded + skipped, from the lanes' totals
  std::uint64_t server_errors = 0;
  Books books;                       // lost: known per operation once a lane is quiet; see unattributed_lost

  const WindowStats& window(Window w) const { return windows[static_cast<std::size_t>(w)]; }
};

// Over the last 30 to 60 minutes.
struct TopEntry {
  Party party;
  std::string ring;
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  std::uint64_t time_ns = 0;
  std::uint64_t weight = 0;       // what it is ranked by: nanoseconds, or failed and refused operations
  std::uint64_t error_bound = 0;  // the true figure it is ranked by is less by at most this
};

struct LaneView {
  std::string ring;
  std::uint32_t lane = 0;
  bool overflow = false;
  std::string state;       // never, claiming, owned, released
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  std::string thread;
  std::uint32_t generation = 0;
  Books books;
  std::uint64_t pending = 0;   // overflow: reserved, not published yet; neither read nor lost so far
};

struct GaugeView {
  std::string ring;
  std::string name;
  std::int64_t value = 0;
  std::int64_t max = 0;     // highest seen at a tick
};

struct RingView {
  std::string name;
  std::string path;
  std::string program;
  std::string state;          // waiting, live, crashed, closed, refused
  std::string problem;        // why it is refused or waited for; empty when all is well
  std::string instance;       // 32 hex digits
  std::uint32_t pid = 0;
  std::int64_t created_wall_ns = 0;
  std::string clock;          // tsc, monotonic, cntvct
  double ticks_per_second = 0;
  bool enabled = false;
  std::uint64_t instances_seen = 0;   // restarts followed, since the daemon's state began
  std::uint64_t crashes_seen = 0;
  std::uint64_t untraced_threads = 0;
  std::uint64_t untraced_records = 0;
  std::uint64_t names_refused = 0;
  std::uint64_t segment_bytes = 0;
  Books books;                        // over all its instances
};

struct ProcessView {   // S6: the server's process
  std::string ring;
  std::uint32_t pid = 0;
  double cpu_percent = 0;        // of one core; over the last tick
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_files = 0;
  std::uint64_t threads = 0;
  double uptime_seconds = 0;
};

struct HostView {
  double load_1m = 0, load_5m = 0, load_15m = 0;
  unsigned cpus = 0;
  double cpu_percent = 0;        // of all cores; over the last tick
  std::uint64_t memory_total_bytes = 0;
  std::uint64_t memory_available_bytes = 0;
};

struct DaemonView {
  std::string version;
  std::uint32_t pid = 0;
  std::int64_t started_wall_ns = 0;
  std::int64_t state_since_wall_ns = 0;   // when the figures "since start" begin; older than started after a restart
  std::uint64_t restarts = 0;
  double cpu_percent = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t metrics_bytes = 0;
  std::uint64_t passes = 0;
};

// One line of the alert log, as data.
struct AlertTransition {
  std::int64_t wall_ns = 0;
  std::string id;          // episode
  std::string alert;       // type, e.g. high_latency
  std::string level;       // info, warning, critical, emergency
  std::string state;       // pending, firing, recovering, resolved
  std::string operation;   // what it is about; empty for the whole server
  std::string ring;
  double value = 0;
  double threshold = 0;
  std::string unit;
  std::string message;
};

struct AlertView {
  AlertTransition last;            // its latest transition
  std::int64_t since_wall_ns = 0;  // when the episode began
};

// What the figures are judged by, as configured. The defaults are the shipped ones.
struct ThresholdsView {
  double response_ms = 1000;
  std::vector<std::pair<std::string, double>> response_ms_of = {{"CREATE_ROOM", 500}, {"SEND_MESSAGE", 200}};
  double error_rate = 0.05;   // 0..1
  std::vector<std::pair<std::string, double>> error_rate_of = {};
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;
  std::uint64_t connections = 1000;

  double response_ns(std::string_view operation) const {
    for (const auto& [name, ms] : response_ms_of) {
      if (name == operation) return ms * 1e6;
    }
    return response_ms * 1e6;
  }
  double error_rate_for(std::string_view operation) const {
    for (const auto& [name, rate] : error_rate_of) {
      if (name == operation) return rate;
    }
    return error_rate;
  }
};

struct Snapshot {
  std::uint64_t tick = 0;
  std::int64_t wall_ns = 0;        // when it was taken
  double tick_seconds = 0;         // how long the tick that it closes lasted
  std::vector<RingView> rings;
  std::vector<SeriesView> operations;   // those that were seen or registered, by id
  std::vector<SeriesView> events;
  std::vector<SeriesView> categories;
  SeriesView all;
  std::vector<ErrorStats> errors;       // most first, by the last hour
  std::vector<TopEntry> actors_by_errors, actors_by_time, subjects_by_errors, subjects_by_time;
  std::vector<RecordView> slowest;      // slowest single operations of the last 30 to 60 minutes, slowest first
  std::vector<LaneView> lanes;
  Books books;                          // of everything
  std::uint64_t unattributed_lost = 0;  // of books.lost: not yet known of which operation
  std::uint64_t late_records = 0;       // arrived after their slice had been stored; counted in it all the same
  std::vector<GaugeView> gauges;
  std::vector<ProcessView> processes;
  HostView host;
  DaemonView daemon;
  std::vector<AlertView> alerts;              // active
  std::vector<AlertTransition> transitions;   // recent, oldest first
  std::uint64_t transitions_forgotten = 0;    // older ones that are no longer kept here; the alert log has them
  std::string configuration;                  // in force, as TOML
  ThresholdsView thresholds;                  // of it, what the report judges by
};

}  // namespace ringside
