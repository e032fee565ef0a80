// Reading a socket, with the moment at which the bytes arrived.
//
// The kernel stamps every packet when it arrives, long before a thread of ours has time for it. For
// a stream it gives the stamp of the last packet whose bytes were read to their end. So a read that
// takes several packets knows only when the last one came. Packets that wait in the socket are
// merged, and keep the last stamp too. Therefore a session reads as soon as something is there.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <sys/types.h>

#include "tools/chat/trace.h"

namespace chatd {

// Asks the kernel for its stamps. Ask it of the listening socket: the sockets that it accepts
// inherit the option, so even the first line of each has its stamp. A server that is not traced
// asks for nothing.
void ask_for_stamps(int socket);

struct Received {
  ssize_t bytes = 0;  // 0: the peer has ended its side; below 0: `error` says why
  int error = 0;      // errno; EAGAIN when nothing is there
  // The kernel's stamp, or the moment of the read where there is none.
  trace::Stamp arrived = 0;
};
// Reads what is there, and waits for nothing.
Received receive(int socket, char* buffer, std::size_t size);

// How old the kernel's stamps are. They are of the wall clock, which somebody may set.
class StampAges {
 public:
  // All in nanoseconds, the clocks read just now. 0 for a stamp from the future, and for the first
  // stamp after the wall clock was set: nobody knows on which side of that it was made.
  std::int64_t age_ns(std::int64_t stamp, std::int64_t realtime, std::int64_t monotonic);

 private:
  // CLOCK_REALTIME less CLOCK_MONOTONIC. It changes only when the wall clock is set: where the
  // clock is merely slewed, both are.
  std::atomic<std::int64_t> offset_{0};
};

}  // namespace chatd
