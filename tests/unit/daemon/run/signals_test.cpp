#include "daemon/run/signals.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <cstddef>
#include <functional>
#include <set>
#include <vector>

#include "tests/support/process.h"

namespace ringside {
namespace {

const std::set<int> kAllFour = {SIGHUP, SIGINT, SIGTERM, SIGUSR1};

std::set<int> blocked() {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  std::set<int> numbers;
  for (int number = 1; number < 32; ++number) {
    if (sigismember(&mask, number) == 1) numbers.insert(number);
  }
  return numbers;
}

bool acts(int number, void (*handler)(int)) {
  struct sigaction action {};
  sigaction(number, nullptr, &action);
  return action.sa_handler == handler;
}

// Leaves bits of all kinds on the stack, where the functions that are called next put their own.
[[gnu::noinline]] void scribble() {
  volatile char junk[4096];
  for (volatile char& byte : junk) byte = static_cast<char>(0xff);
}

// Whether `body` is true in a child that has all signals as a program has them at its start. A
// child that a signal kills is not.
bool true_in_child(const std::function<bool()>& body) {
  return test::run([&] {
           alarm(30);
           scribble();
           return body() ? 0 : 1;
         })
      .exited(0);
}

TEST_CASE("Signals: exactly the four are held and let go, and a lost reader never kills") {
  CHECK(true_in_child([] {
    if (!blocked().empty()) return false;
    scribble();
    hold_signals();
    if (blocked() != kAllFour || !acts(SIGPIPE, SIG_IGN)) return false;
    scribble();
    release_signals();
    return blocked().empty() && acts(SIGPIPE, SIG_DFL);
  }));
}

TEST_CASE("Signals: while nothing has begun, a stop ends the program at once with 0") {
  for (const int number : {SIGTERM, SIGINT}) {
    CAPTURE(number);
    const test::Ended ended = test::run([&] {
      hold_signals();
      const StopAtOnce stoppable;
      raise(number);
      return 1;
    });
    CHECK(ended.exited(0));
    const test::Ended before = test::run([&] {
      hold_signals();
      raise(number);  // waits until somebody can take it
      const StopAtOnce stoppable;
      return 1;
    });
    CHECK(before.exited(0));
  }
  CHECK(true_in_child([] {
    hold_signals();
    {
      const StopAtOnce stoppable;
      if (blocked() != std::set<int>{SIGHUP, SIGUSR1}) return false;
    }
    return blocked() == kAllFour && acts(SIGTERM, SIG_DFL) && acts(SIGINT, SIG_DFL);
  }));
}

TEST_CASE(
    "Signals: each is handed over with its meaning, again and again, also one that came early") {
  CHECK(true_in_child([] {
    hold_signals();
    raise(SIGUSR1);
    boost::asio::io_context loop;
    std::vector<Signal> obeyed;
    Signals signals(loop, [&](Signal signal) { obeyed.push_back(signal); });
    loop.poll();
    if (!obeyed.empty()) return false;  // it is still held
    signals.open();
    if (!blocked().empty()) return false;
    while (obeyed.empty()) loop.run_one();
    for (const int number : {SIGHUP, SIGTERM, SIGHUP, SIGINT, SIGUSR1}) {
      raise(number);
      const std::size_t before = obeyed.size();
      while (obeyed.size() == before) loop.run_one();
    }
    return obeyed == std::vector<Signal>{Signal::report, Signal::reload, Signal::stop,
                                         Signal::reload, Signal::stop,   Signal::report};
  }));
}

}  // namespace
}  // namespace ringside
