#include "daemon/host/doorbell.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

namespace ringside {

Doorbell::Doorbell() : event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!event_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Doorbell::ring() {
  const std::uint64_t one = 1;
  // Fails only after 2^64 rings without a sleep. The sleeper then wakes anyway.
  [[maybe_unused]] const ssize_t written = write(event_.get(), &one, sizeof one);
}

bool Doorbell::sleep(std::int64_t pause_ns, int fd) {
  constexpr std::int64_t kSecondNs = 1'000'000'000;
  const std::int64_t ns = std::max<std::int64_t>(pause_ns, 0);
  const timespec pause{static_cast<time_t>(ns / kSecondNs), static_cast<long>(ns % kSecondNs)};
  pollfd waited_for[2] = {{event_.get(), POLLIN, 0}, {fd, POLLIN, 0}};   // poll ignores an fd of -1
  // A wait that failed leaves both answers at 0.
  ppoll(waited_for, 2, &pause, nullptr);
  if (waited_for[0].revents != 0) {
    std::uint64_t rung = 0;
    [[maybe_unused]] const ssize_t bytes = read(event_.get(), &rung, sizeof rung);
  }
  return waited_for[1].revents != 0;
}

}  // namespace ringside
