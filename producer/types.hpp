// What a server tells Ringside, as plain structures. ringside.hpp includes it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "producer/ids.h"
#include "producer/version.h"
#include "shm/layout.h"
#include "shm/record.h"

namespace ringside {
inline namespace RINGSIDE_ABI_NAMESPACE {

// How a server's ring is made. The defaults are meant for a busy chat server.
struct Setup {
  std::string program{};                // shown by readers, e.g. "chatd"
  // Which build this is: a version, a commit, a linker's build id; at most 47 bytes. And a digest
  // of what configures it; at most 71 bytes. Readers mark a deploy when a server starts with
  // another one than the server before. Empty: not given.
  std::string build_id{};
  std::string configuration_digest{};
  std::string ring{};  // name or path; empty: $RINGSIDE_RING, and untraced when that is unset
  std::uint32_t lanes =
      kDefaultLanes;  // threads that get a lane of their own; more share the overflow lane
  std::uint32_t lane_capacity = kDefaultCapacity;      // records; a power of two, 64 to 1048576
  std::uint32_t overflow_capacity = kDefaultCapacity;  // likewise
  unsigned mode = 0600;                // permissions of the ring's file: who may watch
  std::string group{};  // name or number of a group that may watch, too (mode 0640); empty: none
  bool share = false;                  // join the ring of a living process of the same program
  bool keep = false;                   // leave the ring in place after stop(), for later reading
  bool labels = true;  // label() gives names to ids; false: no text of them comes into the ring
  bool slow_clock = false;  // trace although the machine's clock takes 500 ns and more to read
  bool chat_names = true;  // register the chat server's operations and events (producer/chat.hpp)
};

// A moment, in ticks of the ring's clock.
struct Stamp {
  std::uint64_t ticks = 0;
};

// What a server says of an operation of its own. All of it travels in the ring.
struct Declaration {
  std::string name{};
  std::string category{};
  std::array<std::string, kStageCount> stages{};
  // The response time beyond which a call is too slow, in nanoseconds; 0: the daemon's default. It
  // holds unless the daemon's configuration has one for this operation.
  std::uint64_t threshold_ns = 0;
  // Most of its time is its client's (connect, long poll): it is no bottleneck, gets no advice and
  // no default threshold.
  bool waits_for_client = false;
};

// Something that happened. All fields are optional.
struct Event {
  Outcome outcome = Outcome::ok;
  std::uint16_t error = 0;
  OperationId operation{};              // during which it happened
  std::int64_t value = 0;               // what it means goes with the event's name
  std::uint64_t duration = 0;           // ticks
  ActorKind actor_kind = ActorKind::none;
  std::uint64_t actor = 0;
  SubjectKind subject_kind = SubjectKind::none;
  std::uint64_t subject = 0;
};

}  // namespace RINGSIDE_ABI_NAMESPACE
}  // namespace ringside
