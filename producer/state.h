// What the files of the library share: whether this process is traced, and into which ring. Read
// without a lock, by any thread and any signal handler.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "shm/identity.h"
#include "shm/segment.h"

namespace ringside {
namespace detail {

// Where this process stands. Whoever only asks loads this and nothing else.
enum class Phase { untraced, starting, traced, stopped };
extern std::atomic<Phase> g_phase;

// What every switch points at while nothing is traced.
extern const std::atomic<std::uint32_t> kAllOff[kIdCount];

// The ring; null while there is none. Once seen it stays mapped.
extern std::atomic<Segment*> g_segment;
// Written at start and in a forked child, while no other thread traces.
extern ProcessIdentity g_self;

// Why the last start failed; null when none has. Texts are never freed, so that a reader needs no
// lock.
extern std::atomic<const std::string*> g_why;
// What it becomes when the ring was closed without this process. start() makes it.
extern const std::string* g_closed_before_us;

// Its destructor runs at the end of each thread that has a value, and gives back what it holds.
extern pthread_key_t g_thread_end;

}  // namespace detail
}  // namespace ringside
