// Where figures of the past come from: a history file, or a running daemon, which also has a now.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "shm/failure.h"
#include "tools/ringside/past/figures.h"
#include "tools/ringside/past/named.h"

namespace ringside::tool::past {

// The windows in which minutes are shown. Those of the daemon's own metrics, so that a step from
// now into the past changes nothing but the time.
inline constexpr std::int64_t kWindowsS[] = {60, 300, 3600};
inline constexpr const char* kWindowNames[] = {"1m", "5m", "1h"};
inline constexpr std::size_t kTrendMinutes = 60;

// What a source holds: whole minutes, the end exclusive. Both are 0 when it holds nothing.
struct Held {
  std::int64_t begin_wall_s = 0, end_wall_s = 0;
  bool none() const { return begin_wall_s >= end_wall_s; }
};

struct MinuteSpan {
  std::int64_t begin_wall_s = 0, end_wall_s = 0;
  bool apart = false;  // with the latencies of each minute by itself, where the source has them
};

// What of the present is wanted beside the operations.
struct NowWish {
  std::size_t window = 0;  // index into kWindowsS
  bool actors_by_failures = false;
  std::optional<SeriesKey> detail;  // with its single calls
};

class MinuteSource {
 public:
  virtual ~MinuteSource() = default;
  // As a screen's header calls it; safe for a terminal.
  virtual const std::string& name() const = 0;
  virtual std::optional<Failure> held(Held& out) = 0;
  // Whole minutes. Where only hours are left, the hours that they lie in.
  virtual std::optional<Failure> read(const MinuteSpan& span, Figures& out) = 0;
  // Whether it has a now.
  virtual bool lives() const { return false; }
  virtual std::optional<Failure> now(const NowWish&, Figures&) { return Failure{}; }
};

// Null, and `failure` set, when there is no such file, daemon or ring.
std::unique_ptr<MinuteSource> open_history(const Named& named, Failure& failure);
std::unique_ptr<MinuteSource> open_daemon(const Named& named, Failure& failure);
inline std::unique_ptr<MinuteSource> open_minutes(const Named& named, Failure& failure) {
  return named.history.empty() ? open_daemon(named, failure) : open_history(named, failure);
}

}  // namespace ringside::tool::past
