// The pinned baseline of a history: the span that the present is measured against, in place of the
// past week. It is a small file beside the history, history.db.baseline, so that a daemon that
// writes the history is not disturbed, and a copy of the history has its own.
//
//   {"ringside_baseline": 1, "begin": "2026-11-20T00:00:00Z", "end": "2026-11-27T00:00:00Z"}
//
// Only the span is pinned, not its figures: those are in the history for as long as it keeps them
// (history.keep_minutes, history.keep_hours).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "shm/failure.h"

namespace ringside {

// Whole minutes in seconds since the Unix epoch; the end is exclusive.
struct Baseline {
  std::int64_t begin_wall_s = 0;
  std::int64_t end_wall_s = 0;
  friend bool operator==(const Baseline&, const Baseline&) = default;
};

// A shorter span does not know what is usual: RegressionOptions::pinned_begin_wall_s.
inline constexpr std::int64_t kShortestBaselineS = 2 * 86'400;

std::string baseline_path(const std::string& history_path);

// No file: neither. A file that can't be read, is damaged, or is of a newer version: `failure`.
struct BaselineResult {
  std::optional<Baseline> baseline;
  std::optional<Failure> failure;
};
BaselineResult read_baseline(const std::string& history_path);

// Whole or not at all, and readable for whoever can read the history: root may pin it for the
// daemon's user. Refuses a span that is too short.
std::optional<Failure> write_baseline(const std::string& history_path, const Baseline& baseline);
// Nothing to remove is no failure; `removed` says whether there was.
std::optional<Failure> remove_baseline(const std::string& history_path, bool* removed);

}  // namespace ringside
