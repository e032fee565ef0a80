// What was in force from a time on, until the next of its kind: the daemon's configuration, what a
// server declares of its operations, and which build it is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "report/model/thresholds.h"

namespace ringside {

struct HistoryConfiguration {
  std::int64_t wall_ns = 0;  // from then on
  std::string text;          // all of it, as TOML
  std::string changed;       // what of it differs from the defaults, as TOML
  Thresholds thresholds;     // the part of it that a report judges by

  bool says_the_same(const HistoryConfiguration& other) const {
    return text == other.text && changed == other.changed && thresholds == other.thresholds;
  }
};

// The response time beyond which a call of an operation is too slow, as its server declares it.
struct HistoryDeclared {
  std::int64_t wall_ns = 0;
  std::string ring;
  std::string operation;
  std::int64_t response_ns = 0;  // 0: none

  bool says_the_same(const HistoryDeclared& other) const {
    return response_ns == other.response_ns;
  }
};

// What a server says of itself when it starts. Empty: not given.
struct HistoryBuild {
  std::int64_t wall_ns = 0;
  std::string ring;
  std::string build_id;
  std::string configuration_digest;

  bool says_the_same(const HistoryBuild& other) const {
    return build_id == other.build_id && configuration_digest == other.configuration_digest;
  }
};

// Which of them was in force for most of a span, by index; the later of two that were for as long.
// They are of one kind, oldest first. What was before the first is not known, and counts for
// nothing. `end_ns` is exclusive. All times are nanoseconds since the Unix epoch.
template <typename InForce>
std::size_t longest_in_force(const std::vector<InForce>& all, std::int64_t begin_ns,
                             std::int64_t end_ns) {
  std::size_t longest = 0;
  std::int64_t most_ns = -1;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::int64_t from = std::max(all[i].wall_ns, begin_ns);
    const std::int64_t until = i + 1 < all.size() ? std::min(all[i + 1].wall_ns, end_ns) : end_ns;
    const std::int64_t ns = std::max<std::int64_t>(until - from, 0);
    if (ns < most_ns) continue;
    most_ns = ns;
    longest = i;
  }
  return longest;
}

}  // namespace ringside
