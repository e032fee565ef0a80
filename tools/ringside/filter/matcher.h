// A tree of conditions, made ready for the records of one ring.
#pragma once

#include <cstdint>
#include <optional>

#include "tools/ringside/filter/binder.h"
#include "tools/ringside/filter/condition.h"
#include "tools/ringside/source/records.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

class Matcher {
 public:
  // Nothing, and `error` set, when a value cannot be read, or when it names what the ring does not
  // have. Ages are seen from `reference_ticks`. The file must live as long.
  static std::optional<Matcher> make(const Wanted& wanted, const RingFile& file,
                                     std::uint64_t reference_ticks, FilterError& error);

  bool operator()(const Seen& seen) const { return bound_.matches(seen, reference_ticks_); }
  // Takes in names, labels and threads that came since.
  void refresh();

 private:
  Matcher() = default;
  const RingFile* file_ = nullptr;
  Wanted wanted_;
  BoundWanted bound_;
  std::uint64_t reference_ticks_ = 0;
};

}  // namespace ringside::tool
