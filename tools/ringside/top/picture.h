// What a screen shows, as plain data: figures, and texts that are safe for a terminal. A Feed
// fills it, the view draws it, and a test can make one by hand.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/model/rings.h"
#include "report/model/windows.h"
#include "tools/ringside/source/records.h"

namespace ringside::tool::top {

struct OperationRow {
  std::uint16_t id = 0;
  bool event = false;
  std::string name;
  double rate = 0;
  double time_share = 0;  // of all operations' time
  double busy = 0;        // how many are being worked on at once, on average
  double p50_ns = 0, p95_ns = 0, p99_ns = 0, max_ns = 0;
  double threshold_ns = 0;  // that the server has declared; 0: none
  std::uint64_t count = 0, timed = 0, errors = 0, refused = 0;  // of the window
  std::uint32_t sampled = 1;                                    // one in so many is recorded
  std::vector<double> trend;  // records a second, of the last seconds
};

struct LaneRow {
  std::uint32_t lane = 0;
  bool overflow = false;
  std::string life;  // owned, released, dead; shared for the overflow lane
  std::string thread;
  std::uint32_t pid = 0, tid = 0;
  double rate = 0;
  std::uint64_t written = 0, missed = 0, dropped = 0, torn = 0;
  std::string in_flight;      // an operation's name; empty: none
  std::int64_t since_ns = 0;  // how long
};

struct ErrorRow {
  std::uint16_t operation = 0;
  std::string operation_name, outcome, code;  // code: "7 DB_TIMEOUT", or empty
  bool failure = false;                       // and no refusal
  std::uint64_t count = 0;
  double rate = 0;
  std::string last_time, last_actor;
};

struct ActorRow {
  std::string name;
  double operations = 0, errors = 0, refused = 0, time_ns = 0;
  double time_share = 0;
  bool estimate = false;
};

// One record as a line of a list.
struct CallRow {
  std::string time, place, outcome, error, actor, subject;
  double duration_ns = 0;
  bool timed = true, failed = false, refused = false;
  std::array<double, kStages> stages_ns{};
};

struct StageRow {
  std::string name;
  std::uint64_t count = 0;
  double share = 0;  // of the operation's time
  double mean_ns = 0, max_ns = 0;
};

struct Detail {
  OperationRow row;
  std::string category;
  double mean_ns = 0, min_ns = 0;
  std::uint64_t total = 0;  // since top began
  Histogram latency;
  std::array<StageRow, kStages> stages{};  // an empty name: there is none
  double unmarked_share = 0;               // of the time that is in no stage
  std::vector<CallRow> recent, worst;
};

// Where the figures come from: single records, minutes of a history, or a daemon's windows.
enum class From : std::uint8_t { records, history, daemon };

struct Picture {
  From from = From::records;
  std::string ring, program;
  std::optional<RingState> state;
  bool recorded = false;
  bool waiting = false;  // for the server to come back
  std::uint32_t pid = 0;
  std::int64_t uptime_ns = 0;

  std::int64_t wall_ns = 0;  // the moment that is shown
  bool past = false;         // nothing more is written: time can be set
  std::int64_t first_wall_ns = 0, last_wall_ns = 0;
  std::int64_t window_s = 10;
  double seconds = 0;  // of the window that were observed

  bool paused = false;
  std::int64_t paused_ns = 0;
  std::uint64_t unread = 0;  // while paused

  double rate = 0, error_share = 0;
  std::vector<double> trend;
  RecordCounts counts;  // written = earlier + shown + filtered + rejected + lost
  std::uint64_t shown = 0, filtered = 0;
  std::uint64_t skipped = 0;  // not from records: calls that the server counted and did not record
  std::uint64_t untraced_threads = 0;
  bool tracing_off = false;
  std::string filter;  // as text; empty: none
  std::string notice;  // one line: what has just happened

  std::vector<OperationRow> operations;
  std::vector<LaneRow> lanes;
  std::uint32_t lane_count = 0;
  std::vector<ErrorRow> errors;
  std::uint64_t other_errors = 0;
  std::vector<ActorRow> actors;
  double actors_seconds = 0;
  Detail detail;

  // Not from records. The span that the figures cover ends at wall_ns.
  std::int64_t begin_wall_ns = 0;
  bool hours = false;  // whole hours alone are left of that time
  // Why a list must be empty; empty: it need not.
  std::string no_lanes, no_actors, no_calls;
};

}  // namespace ringside::tool::top
