// What a mark says when tracing is switched, by operation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/model/rings.h"

namespace ringside {

// What is recorded of a ring.
struct Sampling {
  bool enabled = true;
  std::vector<SampledView> sampled;
  friend bool operator==(const Sampling&, const Sampling&) = default;
};

// "tracing is switched off; SEND_MESSAGE, EDIT_MESSAGE: from every call to one in 10". Empty when
// nothing changed. Of many with the same change ten are named, and the others counted.
std::string sampling_changes(const Sampling& before, const Sampling& now);

// The marks of one ring, at most kMostInAnHour. A program may switch tracing at each tick, and
// would fill the history with that. The mark after the hour says how many switches had none, and
// what they came to.
class SamplingMarks {
 public:
  static constexpr std::size_t kMostInAnHour = 6;

  void found(Sampling now);  // as a server has it when it is first seen
  // The text of a mark, empty: none. In nanoseconds since the Unix epoch.
  std::string follow(Sampling now, std::int64_t wall_ns);
  std::string end();  // of the server: what has had no mark yet

 private:
  std::string take();

  Sampling marked_;  // as the latest mark says
  Sampling latest_;
  std::optional<std::int64_t> hour_began_ns_;  // with a mark
  std::size_t marks_ = 0;                      // in that hour
  std::uint64_t unmarked_ = 0;
};

}  // namespace ringside
