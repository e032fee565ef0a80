// What will raise an alert, when, and for which operations, in words for an operator: the answer of
// `ringsided --check-config --explain`.
//
// One table has a line for each figure that the rules read. A test holds it against the rules: each
// reading has its line, with the same levels, and the numbers of calls are evaluated by the rules.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/alerts/normals.h"
#include "daemon/config/config.h"
#include "report/model/snapshot.h"

namespace ringside {

// How a figure comes to be over a level.
enum class JudgedBy : std::uint8_t {
  share,     // of calls, with confidence (evidence.h); raised by some of some ticks
  minute,    // the same, of the last minute's calls alone
  usual,     // the same, against what was learnt to be usual (normals.h)
  measure,   // a value of the tick; raised by some of some ticks
  count,     // of events, each of which counts; raised at once
  timed,     // how long something has lasted; raised at once
  fact,      // it is so, or it is not; raised at once
  objective  // the burn of a budget (config/objectives.h); raised at once
};

// A line of the table.
struct ExplainedFigure {
  AlertType alert;
  std::string_view figure;  // as in Reading; "*": whatever it is
  JudgedBy by;
  std::string_view of;    // whom it is read for: "each operation", "each ring", "the host"
  std::string_view when;  // "Fires when ..." goes on so
  AlertUnit unit;
  // The levels in that unit, of an operation without thresholds of its own.
  Levels (*levels)(const Config&);
  std::array<std::string_view, 2> keys;          // where they come from; empty: from nowhere else
  std::string (*note)(const Config&) = nullptr;  // one more sentence, or several
};
std::span<const ExplainedFigure> explained_figures();
// Null: the table has none.
const ExplainedFigure* explained_figure(AlertType alert, std::string_view figure);

// The fewest of `of` calls that are a share of `limit` or more, surely. Absent: not even all are.
std::optional<std::uint64_t> least_over(std::uint64_t of, double limit, double z);

// Lines of at most 80 columns, but for names that are longer. Operations, their declared
// thresholds, and the number of rings are the snapshot's. Without one (null) no ring could be read.
// `normals` is what a daemon has learnt so far; null: there is none.
std::string explain(const Config& config, const Snapshot* snapshot,
                    const Normals* normals = nullptr);

}  // namespace ringside
