// What is known of one operation or event, its errors, and who is behind them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "report/model/books.h"
#include "report/model/outcome.h"
#include "report/model/thresholds.h"
#include "report/model/windows.h"

namespace ringside {

// One operation or event, as the ring had it.
struct RecordView {
  std::string operation;
  std::int64_t start_wall_ns = 0;
  std::int64_t duration_ns = 0;    // signed: a negative span is shown, not hidden
  RecordOutcome outcome = RecordOutcome::ok;
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
  // The order of records: by the ring's life, then by the ticks of its clock. The wall clock has no
  // influence.
  std::uint32_t instance = 0;
  std::uint64_t end_ticks = 0;
  std::int64_t end_monotonic_ns = 0;   // orders records of different rings
};

// A timed operation that stands for others of about its length in graphs.
struct ExemplarView {
  std::uint32_t lane = 0;
  std::uint64_t position = 0;
  std::int64_t span_ns = 0;      // 0 or more
  std::int64_t end_wall_ns = 0;  // the same in every snapshot
};

struct ErrorStats {
  std::uint16_t code = 0;
  std::string name;
  std::string ring;
  std::string operation;
  RecordOutcome outcome = RecordOutcome::error;
  std::array<std::uint64_t, kWindows> count{};
  std::int64_t last_wall_ns = 0;
  Party last_actor;
};

struct SeriesView {
  std::string name;       // wire name: SEND_MESSAGE, or a category's, or "all"
  std::string ring;       // empty when the series covers all rings
  std::string category;   // empty for categories, events and "all"
  std::array<std::string, kStages> stage_names{};   // empty where the server named none
  Declared declared;
  std::array<WindowStats, kWindows> windows{};
  // What alerts judge first: the last full 5 s and what has come since, and the same of 15 s. A
  // series of several rings has neither.
  WindowStats last_5s;
  WindowStats last_15s;
  std::vector<RecordView> last;   // the last N that completed (default 100), latest first
  // Operations of one ring alone: for each octave of spans the latest record that was the longest
  // of its 5 s so far. The shortest octave first.
  std::vector<ExemplarView> exemplars;
  // Since start, over all rings: what the server's own totals say. Compare it with what was read.
  std::uint64_t server_count = 0;    // recorded + skipped, from the lanes' totals
  std::uint64_t server_errors = 0;
  Books books;  // lost: known per operation once a lane is quiet; see unattributed_lost

  const WindowStats& window(Window w) const { return windows[static_cast<std::size_t>(w)]; }
};

// The true figure lies between these two. They are equal where it is known exactly.
struct Interval {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

// Somebody or something that stands out, over the last Snapshot::parties_seconds.
struct TopEntry {
  Party party;
  std::string ring;
  std::uint64_t count = 0;        // operations
  std::uint64_t errors = 0;
  std::uint64_t refused = 0;      // rejected, denied, limited
  std::uint64_t time_ns = 0;
  std::uint64_t weight = 0;       // what it is ranked by: time_ns, or errors and refused together
  // Whether any figure above is an estimate. The intervals hold the true figures: all intervals of
  // a list hold at once in at least 95 of 100 lists.
  bool estimated = false;
  Interval count_in;
  Interval errors_in;
  Interval refused_in;
  Interval time_in_ns;
};

// An address that the server blocked, since its latest block.
struct BlockView {
  std::string ring;
  Party address;
  std::int64_t blocked_wall_ns = 0;
  std::uint64_t blocks = 0;            // how often it was blocked so far
  std::uint64_t attempts_before = 0;   // as the server counted them when it blocked
  std::uint64_t turned_away = 0;       // attempts during the block
  std::uint64_t got_through = 0;       // failed logins and rejected tokens during the block
};

// Logins in vain of the last hour, of one address or for one account: failed, of a rejected token,
// or turned away because the address was blocked.
struct FailedLogins {
  std::string ring;
  Party party;
  std::uint64_t minute = 0;  // of the last minute
  std::uint64_t hour = 0;
  std::uint64_t others = 0;        // about so many accounts that it tried, or addresses that tried
  std::int64_t since_wall_ns = 0;  // when it began, after an hour without
  std::int64_t last_wall_ns = 0;
};
inline constexpr std::size_t kMostFailedLogins = 100;

}  // namespace ringside
