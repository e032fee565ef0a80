// Cases 32 and 34: a thread that is cancelled in its first record, and calls that are interrupted
// by fork() or by the end of the process.
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/time.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "producer/ringside.h"
#include "shm/clock.h"
#include "tests/ring/cases/case.h"
#include "tests/support/asleep.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// A dead server's ring, which this process keeps locked: whoever starts on it waits for a second.
struct LockedRing {
  TempDir dir;
  Setup setup = setup_for(dir);
  int fd = -1;

  LockedRing() {
    REQUIRE(run([&] {
              Failure failure;
              return create(dir.file("ring"), &failure).segment != nullptr ? 0 : 1;
            }).exited(0));
    fd = open(dir.file("ring").c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(flock(fd, LOCK_EX | LOCK_NB) == 0);
  }
  ~LockedRing() { close(fd); }
};

extern "C" void end_in_handler(int) {
  // What hangs from here on is ended by SIGALRM, which a handler that it called itself blocks.
  sigset_t alarms;
  sigemptyset(&alarms);
  sigaddset(&alarms, SIGALRM);
  signal(SIGALRM, SIG_DFL);
  alarm(10);
  pthread_sigmask(SIG_UNBLOCK, &alarms, nullptr);
  std::exit(0);
}

void use_everything_at_exit() {
  traced();
  register_gauge("at exit").set(1);
  ringside_gauge_set(ringside_register_gauge("at exit"), 1);
  stop();
}

void end_in_handler_of(int signal_number) {
  unsetenv("RINGSIDE_RING");
  std::atexit(&use_everything_at_exit);
  signal(signal_number, &end_in_handler);
}

// The process ends in a signal handler that comes after `us` microseconds, while the body is under
// way. The body's first round comes before that: it allocates (see below).
Ended ended_in_handler_after(int us, const Setup& setup, const std::function<void()>& body) {
  return run(
      [&] {
        end_in_handler_of(SIGALRM);
        const itimerval soon{{0, 0}, {0, us}};
        if (!start(setup)) return 1;
        body();
        setitimer(ITIMER_REAL, &soon, nullptr);
        for (;;) body();
      },
      true);
}

// The process ends in a signal handler that comes while start() waits for the lock. No sooner: an
// allocator may not be interrupted by a handler that allocates. A sanitizer's hangs, and glibc's
// finds its heap half changed.
Ended ended_in_handler_while_it_waits(const LockedRing& locked) {
  const pid_t child = spawn(
      [&] {
        end_in_handler_of(SIGUSR1);
        return start(locked.setup) ? 1 : 2;
      },
      true);
  while (!sleeps(child)) HOLDS(waitpid(child, nullptr, WNOHANG) == 0);
  kill(child, SIGUSR1);
  return wait_for(child);
}

// Whether it ended by exit(0). Says how else, for whoever reads the test's output.
bool ended_well(Ended ended) {
  if (ended.exited(0)) return true;
  std::fprintf(stderr, WIFSIGNALED(ended.status) ? "ended by signal %d\n" : "ended by exit(%d)\n",
               WIFSIGNALED(ended.status) ? WTERMSIG(ended.status) : WEXITSTATUS(ended.status));
  return false;
}

void trace_once() { Operation(chat::SEND_MESSAGE).finish(Outcome::ok); }

// How a thread ends that is told to end before the body.
bool was_cancelled(const std::function<void()>& body, int type) {
  struct Work {
    const std::function<void()>& body;
    int type;
  } work{body, type};
  pthread_t thread;
  const auto main = [](void* argument) -> void* {
    const Work& todo = *static_cast<Work*>(argument);
    int state;
    pthread_setcanceltype(todo.type, nullptr);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_cancel(pthread_self());
    if (todo.type == PTHREAD_CANCEL_DEFERRED) pthread_setcancelstate(state, nullptr);
    todo.body();
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, nullptr);
    pthread_testcancel();
    return nullptr;
  };
  HOLDS(pthread_create(&thread, nullptr, main, &work) == 0);
  void* result = nullptr;
  HOLDS(pthread_join(thread, &result) == 0);
  return result == PTHREAD_CANCELED;
}

}  // namespace

TEST_CASE("Case32: a thread that is cancelled before its first record writes it, and ends after it") {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.lanes = 1;
  CHECK(serve(setup, [] {
          trace_once();
          // In a child the only lane is its parent's. Whether the parent lives is asked in /proc.
          return run([] {
                   HOLDS(was_cancelled(&trace_once, PTHREAD_CANCEL_DEFERRED));
                   HOLDS(was_cancelled([] { count(chat::RETRY); }, PTHREAD_CANCEL_DEFERRED));
                   return 0;
                 }).exited(0)
                     ? 0
                     : 1;
        }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(reader.total(chat::SEND_MESSAGE.value, &Totals::recorded) == 2);
  CHECK(reader.total(chat::RETRY.value, &Totals::skipped) == 1);
}

TEST_CASE("Case32: a thread that is cancelled in start, stop or a registration ends after it") {
  TempDir dir;
  const Setup setup = setup_for(dir);
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          bool done = false;
          HOLDS(was_cancelled([&] { done = start(setup); }, PTHREAD_CANCEL_DEFERRED));
          HOLDS(done && traced());
          HOLDS(was_cancelled(
              [] {
                register_gauge("connections").set(7);
                register_operation("MINE", "");
                register_event("MINE_TOO");
                register_error(7, "SEVEN");
              },
              PTHREAD_CANCEL_DEFERRED));
          HOLDS(was_cancelled([] { stop(); }, PTHREAD_CANCEL_DEFERRED));
          return 0;
        }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(reader.segment->header().state.load() == kSegmentClosed);
  CHECK(gauge_of(*reader.segment, 0) == 7);
}

TEST_CASE("Case34: fork waits for nobody who is inside of start, and the child may start itself") {
  LockedRing locked;
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          std::atomic<pid_t> under_way{0};
          std::atomic<bool> done{false};
          std::thread starter([&] {
            under_way = gettid();
            HOLDS(!start(locked.setup));
            done = true;
          });
          while (under_way == 0 || !(sleeps(under_way) || done)) std::this_thread::yield();
          int forks = 0;
          int started = 0;
          std::int64_t longest_ns = 0;
          // A child of a sanitized process waits for ever if another thread was inside of the
          // allocator. The starter is, before it waits and when it gives up.
          while (!done && (!kSanitized || forks < 3)) {
            const std::int64_t before = clock_ns(CLOCK_MONOTONIC);
            const pid_t child = fork();
            if (child == 0) {
              alarm(20);
              Setup other = locked.setup;
              other.ring = locked.dir.file("child" + std::to_string(forks));
              other.keep = false;
              HOLDS(!traced());
              register_gauge("connections");
              const bool own = start(other) && traced();
              if (!own) std::fprintf(stderr, "child %d: %s\n", forks, why_untraced().c_str());
              HOLDS(own);
              trace_once();
              stop();
              _exit(0);
            }
            longest_ns = std::max(longest_ns, clock_ns(CLOCK_MONOTONIC) - before);
            started += wait_for(child).exited(0) ? 1 : 0;
            ++forks;
          }
          starter.join();
          HOLDS(forks >= 1);
          HOLDS(started == forks);
          if (!kSanitized) HOLDS(longest_ns < 900'000'000);
          return 0;
        }).exited(0));
}

TEST_CASE("Case34: a process that ends in a signal handler ends, whatever call it interrupted") {
  LockedRing locked;
  TempDir dir;
  const Setup setup = setup_for(dir);
  const auto all_end = [&](const std::function<void()>& body) {
    int ended = 0;
    for (int i = 0; i < 40; ++i) {
      unlink(dir.file("ring").c_str());
      ended += ended_well(ended_in_handler_after(1000 + 137 * i, setup, body)) ? 1 : 0;
    }
    return ended;
  };
  CHECK(all_end([] { traced(); }) == 40);
  CHECK(all_end([] { register_gauge("a"); }) == 40);
  CHECK(all_end([] { ringside_register_gauge("a"); }) == 40);
  CHECK(all_end([] { register_error(7, "SEVEN"); }) == 40);
  int ended = 0;
  for (int i = 0; i < 40; ++i) ended += ended_well(ended_in_handler_while_it_waits(locked)) ? 1 : 0;
  CHECK(ended == 40);
}

TEST_CASE("Case34: while a thread is inside of start, others register and ask without waiting") {
  LockedRing locked;
  CHECK(run([&] {
          unsetenv("RINGSIDE_RING");
          std::atomic<bool> done{false};
          std::thread starter([&] {
            HOLDS(!start(locked.setup));
            done = true;
          });
          int rounds = 0;
          std::int64_t longest_ns = 0;
          while (!done) {
            const std::int64_t before = clock_ns(CLOCK_MONOTONIC);
            HOLDS(!traced());
            HOLDS(!why_untraced().empty());
            register_gauge("connections").set(1);
            HOLDS(register_event("MINE").value != kInvalidId);
            stop();  // nothing to stop
            longest_ns = std::max(longest_ns, clock_ns(CLOCK_MONOTONIC) - before);
            ++rounds;
          }
          starter.join();
          HOLDS(rounds > 100);
          if (!kSanitized) HOLDS(longest_ns < 900'000'000);
          return 0;
        }).exited(0));
}
