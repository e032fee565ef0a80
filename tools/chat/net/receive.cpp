#include "tools/chat/net/receive.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <sys/socket.h>

namespace chatd {
namespace {

// The two clocks are not read at once. A thread that waits for a processor between the two reads
// must not look like a clock that was set.
constexpr std::int64_t kSetByNs = 10'000'000;

std::int64_t in_ns(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::int64_t read_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return in_ns(now);
}

// The kernel's stamp of what was read, in nanoseconds of the wall clock; 0 when there is none.
std::int64_t stamp_in(msghdr& message) {
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
       head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec stamp;
    std::memcpy(&stamp, CMSG_DATA(head), sizeof stamp);
    return in_ns(stamp);
  }
  return 0;
}

StampAges g_stamp_ages;

}  // namespace

void ask_for_stamps(int socket) {
  if (!trace::active()) return;
  // Where the kernel refuses, the moment of the read stands for the arrival.
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

Received receive(int socket, char* buffer, std::size_t size) {
  iovec into{buffer, size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(timespec))];
  msghdr message{};
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  Received out;
  do {
    out.bytes = recvmsg(socket, &message, MSG_DONTWAIT);
  } while (out.bytes < 0 && errno == EINTR);
  if (out.bytes < 0) {
    out.error = errno;
  } else if (const std::int64_t stamp = stamp_in(message); stamp != 0) {
    out.arrived =
        trace::ago(g_stamp_ages.age_ns(stamp, read_ns(CLOCK_REALTIME), read_ns(CLOCK_MONOTONIC)));
  } else {
    out.arrived = trace::now();
  }
  return out;
}

std::int64_t StampAges::age_ns(std::int64_t stamp, std::int64_t realtime, std::int64_t monotonic) {
  const std::int64_t offset = realtime - monotonic;
  const std::int64_t before = offset_.exchange(offset, std::memory_order_relaxed);
  const bool was_set = before != 0 && std::abs(offset - before) > kSetByNs;
  return was_set ? 0 : std::max<std::int64_t>(realtime - stamp, 0);
}

}  // namespace chatd
