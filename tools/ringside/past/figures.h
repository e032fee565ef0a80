// What is known of a span without single records: figures of operations, events and errors, from
// a history file or from what a daemon answers. A running daemon also knows what is going on now.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "report/model/rings.h"
#include "report/model/windows.h"
#include "tools/ringside/top/picture.h"

namespace ringside::tool::past {

// An operation or event of a ring. Operations come first.
struct SeriesKey {
  bool event = false;
  std::string ring, name;
  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

struct FigureSeries {
  SeriesKey key;
  std::string category;
  std::array<std::string, kStages> stage_names{};
  double threshold_ns = 0;    // 0: none
  std::uint32_t sampled = 1;  // one in so many is recorded; 0: none
  WindowStats stats;
  std::uint64_t total = 0;    // calls since the server's start, of a daemon's now
  std::vector<double> trend;  // a second, oldest first
  // Of each minute that has calls, when minutes are told apart: its begin and its latencies.
  std::vector<std::pair<std::int64_t, Histogram>> minutes;
};

struct FigureError {
  std::string ring, operation;
  std::uint16_t code = 0;
  std::string name;  // of the code; empty: none
  RecordOutcome outcome = RecordOutcome::error;
  std::uint64_t count = 0;
  std::int64_t last_wall_ns = 0;
  std::string last_actor;
};

struct Figures {
  bool labels = true;  // whether actors are called what the server calls them
  std::int64_t begin_wall_s = 0, end_wall_s = 0;  // the end is exclusive
  bool hours = false;                             // so old that there are whole hours alone
  double seconds = 0;                             // that were observed
  std::uint64_t lost = 0;
  std::vector<std::string> rings;
  std::vector<FigureSeries> series;
  std::vector<FigureError> errors;

  // Of a running daemon, now.
  std::int64_t taken_wall_ns = 0;
  std::string program;  // of the daemon
  std::uint32_t pid = 0;
  std::int64_t started_wall_ns = 0;
  std::optional<RingState> state;  // of the only ring
  std::vector<top::LaneRow> lanes;
  std::vector<top::ActorRow> actors;
  double actors_seconds = 0;
  std::vector<top::CallRow> recent, worst;  // of the operation that was asked for
};

}  // namespace ringside::tool::past
