// What every command on records does first: open the source, and make the filter ready for it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/ringside/filter/filter_flags.h"
#include "tools/ringside/filter/matcher.h"
#include "tools/ringside/source/interrupts.h"
#include "tools/ringside/source/source.h"

namespace ringside::tool {

struct Opened {
  Source source;
  std::vector<Seen> first;  // what is there already, in the order of their ends
  std::optional<Matcher> matcher;
  int code = 0;  // not 0: failed, and said so on standard error
  bool missing = false;      // the ring does not have what the filter names
  bool interrupted = false;  // then the code is 1, and that and the tally were said
};

// So many records of a recording are held in memory, which has 80 bytes for each.
inline constexpr std::size_t kMostHeld = std::size_t{1} << 23;

struct OpenWish {
  bool all = false;  // as Records::read()
  bool raw = false;  // with records that are not believable
  // A recording is left to be read: it may be larger than the memory. `first` is empty then.
  bool stream = false;
  // Asked before each batch of a recording. Null: a signal has its usual effect.
  Interrupts* interrupts = nullptr;
  // A recording of more records is refused, unless it is streamed.
  std::size_t most = kMostHeld;
};
// Hands over everything that the records have, a batch at a time. False when interrupted.
template <typename Take>
bool read_to_end(Records& records, Interrupts* interrupts, const Take& take) {
  std::vector<Seen> batch;
  for (auto next = Records::Next::more; next == Records::Next::more;) {
    if (interrupts != nullptr && interrupts->pause(0)) return false;
    batch.clear();
    next = records.read(batch, true);
    take(batch);
  }
  return true;
}
// Says on standard error that only a part of it was read.
void say_interrupted(const char* command, const Source& source);
// `command` is the name that errors begin with.
Opened open_filtered(const char* command, const std::string& name, const FilterFlags& flags,
                     const OpenWish& wish);
inline Opened open_filtered(const char* command, const std::string& name, const FilterFlags& flags,
                            bool all) {
  return open_filtered(command, name, flags, OpenWish{.all = all});
}

}  // namespace ringside::tool
