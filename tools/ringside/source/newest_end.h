// When the newest record of a source ended. A record of garbage may end at any time; one that ends
// in the future is not taken for the end of all.
#pragma once

#include <cstdint>
#include <optional>

#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

class NewestEnd {
 public:
  explicit NewestEnd(const RingFile& file) : latest_ticks_(file.latest_ticks()) {}

  // Whether anything can have been then.
  bool can_be(std::uint64_t ticks) const {
    return static_cast<std::int64_t>(latest_ticks_ - ticks) >= 0;
  }
  void take(std::uint64_t ticks) {
    if (!can_be(ticks) || (any_ && static_cast<std::int64_t>(ticks - newest_) <= 0)) return;
    any_ = true;
    newest_ = ticks;
  }
  // Nothing before the first one that can be.
  std::optional<std::uint64_t> ticks() const {
    return any_ ? std::optional(newest_) : std::nullopt;
  }

 private:
  std::uint64_t latest_ticks_;
  std::uint64_t newest_ = 0;
  bool any_ = false;
};

}  // namespace ringside::tool
