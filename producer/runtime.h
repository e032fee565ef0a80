// What start(), the registrations and fork() change. Under a lock each, which never hangs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "producer/interrupted.h"
#include "producer/types.hpp"
#include "shm/names.h"
#include "shm/segment.h"

namespace ringside {
namespace detail {

// Held by the thread inside of start(), which may wait for a second in there. Only another start()
// waits for it.
extern Latch g_starter;
// Held while names are registered, which takes microseconds.
extern Latch g_registrar;

struct Runtime {
  Setup setup;                       // g_starter's, until the process is traced
  std::unique_ptr<Segment> segment;  // kept to the process's end: threads may hold pointers into it
  NameEntry names[kIdCount];          // by id; an empty name is a free id
  // In order of registration; they may come before the ring.
  std::vector<std::string> gauges;
  std::vector<std::pair<std::uint16_t, std::string>> errors;
  std::uint64_t merged_before_start = 0;
};

// Never destroyed: threads and exit handlers may outlive every static.
Runtime& runtime();

// Enters the names that were registered before the ring was there, and makes the ring this
// process's. From then on a registration enters its name itself. False when the ring has other
// names.
bool hand_over_names(Runtime& state, Created& created, std::string* why);

// Registers what fork() calls, once. It comes before anything that a forked child would have to
// mend. False when it can't be done.
bool handles_forks();
// What a forked child says while its parent's other thread was inside of start(). start() makes it.
extern const std::string* g_forked_while_starting;
// The same, while the handler that called fork() had interrupted a record.
extern const std::string* g_forked_while_writing;

}  // namespace detail
}  // namespace ringside
