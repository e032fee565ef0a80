#include "tests/ring/crash/points.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#include <cerrno>
#include <cstddef>
#include <iterator>

namespace ringside::test {

namespace {

constexpr const char* kNames[] = {
#define RINGSIDE_TEST_POINT_NAME(name) #name,
    RINGSIDE_TEST_POINT_LIST(RINGSIDE_TEST_POINT_NAME)
#undef RINGSIDE_TEST_POINT_NAME
};

std::atomic<TestPoint> g_point{};
std::atomic<std::uint64_t> g_left{0};
Gate* g_gate = nullptr;

[[noreturn]] void die() {
  kill(getpid(), SIGKILL);
  for (;;) pause();   // not one instruction more
}

void kill_here(TestPoint point) {
  if (point == g_point.load(std::memory_order_relaxed) && g_left.fetch_sub(1) == 1) die();
}

void stop_here(TestPoint point) {
  if (point == g_point.load(std::memory_order_relaxed) && g_left.fetch_sub(1) == 1) g_gate->pass();
}

char read_byte(int fd) {
  char byte = 0;
  while (read(fd, &byte, 1) < 0 && errno == EINTR) {
  }
  return byte;
}

void write_byte(int fd) {
  const char byte = 1;
  while (write(fd, &byte, 1) < 0 && errno == EINTR) {
  }
}

}  // namespace

std::string name_of(TestPoint point) { return kNames[static_cast<std::size_t>(point)]; }

void kill_at(TestPoint point, std::uint64_t nth) {
  g_point.store(point);
  g_left.store(nth);
  g_test_point_hook.store(&kill_here);
}

void stop_at(TestPoint point, Gate& gate) {
  g_gate = &gate;
  g_point.store(point);
  g_left.store(1);
  g_test_point_hook.store(&stop_here);
}

Gate::Gate() {
  if (pipe(to_parent_) != 0 || pipe(to_child_) != 0) abort();
}

Gate::~Gate() {
  for (const int fd : {to_parent_[0], to_parent_[1], to_child_[0], to_child_[1]}) close(fd);
}

void Gate::pass() {
  write_byte(to_parent_[1]);
  read_byte(to_child_[0]);
}

bool Gate::reached() {
  pollfd waiting{to_parent_[0], POLLIN, 0};
  if (poll(&waiting, 1, 60'000) != 1) return false;
  return read_byte(to_parent_[0]) == 1;
}

void Gate::open() { write_byte(to_child_[1]); }

pid_t spawn_victim(const std::function<int()>& body, bool at_exit) {
  return spawn(
      [&] {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        return body();
      },
      at_exit);
}

}  // namespace ringside::test
