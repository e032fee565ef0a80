// Reads a span of time from a history file: one that a living daemon writes, or a file alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "report/model/history.h"
#include "shm/failure.h"

namespace ringside {

struct HistoryQuery {
  enum class Slots : std::uint8_t { minutes, hours };
  // Seconds since the Unix epoch; the end is exclusive. A slot belongs to the span that holds its
  // begin. With hours, both are cut down to whole hours.
  std::int64_t begin_wall_s = 0;
  std::int64_t end_wall_s = 0;
  Slots slots = Slots::minutes;
  std::string ring;  // empty: all
  std::string name;  // of the operation or event; empty: all
  bool series = true;  // false: no operation and no event, but everything else
};

struct HistoryResult {
  HistorySpan span;
  std::optional<Failure> failure;  // then the span is empty
};

// One short transaction: a writer goes on meanwhile, and its journal grows only that long. Hours
// that are not rolled up yet are made of their minutes. Slots of one begin that stand beside each
// other (HistorySlot::again) stay so with minutes, and are one with hours. Marks, incidents and
// alerts of the host are given for every ring. They are not chosen by name.
HistoryResult read_history(const std::string& path, const HistoryQuery& query);

// The first and the last begin of what the file holds; zeros when it holds nothing.
struct HistoryExtent {
  std::int64_t first_wall_s = 0;  // of hours and minutes
  std::int64_t last_wall_s = 0;
  std::int64_t first_minute_wall_s = 0;
  // A whole minute: the end of the last minute or hour, or later, when a mark is later.
  std::int64_t end_wall_s = 0;
  std::optional<Failure> failure;
};
HistoryExtent history_extent(const std::string& path);

}  // namespace ringside
