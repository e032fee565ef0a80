// Cases 9 to 11: fork without exec, threads that come and go, signal handlers that trace.
#include <doctest/doctest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include <chrono>
#include <thread>

#include "tests/ring/cases/case.h"
#include "tests/unit/producer/traced.h"

using namespace ringside;
using namespace ringside::test;

namespace {

void trace(OperationId id, int times = 1) {
  for (int i = 0; i < times; ++i) Operation(id).finish(Outcome::ok);
}

// Lanes that have an owner. When every thread has ended, nobody gives these lanes back.
std::uint32_t owned_lanes(const Segment& segment) {
  std::uint32_t owned = 0;
  for (std::uint32_t i = 0; i < segment.overflow_lane(); ++i) {
    owned += segment.lane_header(i).owner.holder() != Holder::none;
  }
  return owned;
}

// Two writers of one lane at the same time would count more records than they publish.
bool records_of_lanes_are_their_totals(const Segment& segment) {
  bool equal = true;
  for (std::uint32_t i = 0; i < segment.overflow_lane(); ++i) {
    if (!lane_readable(segment.lane_header(i))) continue;
    std::uint64_t recorded = 0;
    for (std::uint32_t id = 0; id < kIdCount; ++id)
      recorded += segment.totals(i)[id].recorded.load();
    equal = equal && recorded == segment.lane_header(i).head.load();
  }
  return equal;
}

std::uint64_t generations(const Segment& segment) {
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < segment.overflow_lane(); ++i) {
    sum += segment.lane_header(i).generation.load();
  }
  return sum;
}

}  // namespace

TEST_CASE("Case10: a hundred thousand short threads are counted exactly, and their lanes serve again and again") {
  // Four threads run at once. ThreadSanitizer makes a thread ten times as slow.
  const int threads = kSanitized && !long_run() ? 8'000 : 100'000;
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.lanes = 8;
  const auto begin = std::chrono::steady_clock::now();
  int go[2];
  REQUIRE(pipe(go) == 0);
  const pid_t server = spawn(
      [&] {
        unsetenv("RINGSIDE_RING");
        if (!start(setup)) return 99;
        if (write(go[1], "x", 1) != 1) return 98;
        std::vector<std::thread> spawners;
        for (int s = 0; s < 4; ++s) {
          spawners.emplace_back([&] {
            for (int i = 0; i < threads / 4; ++i)
              std::thread([] { trace(chat::SEND_MESSAGE); }).join();
          });
        }
        for (std::thread& spawner : spawners) spawner.join();
        return 0;
      },
      true);
  char c;
  REQUIRE(read(go[0], &c, 1) == 1);
  // Lanes change hands while this reader looks at them.
  Reader reader(dir.file("ring"));
  int status = 0;
  while (waitpid(server, &status, WNOHANG) == 0) {
    reader.read();
    sched_yield();
  }
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  reader.read();
  MESSAGE(threads << " threads in "
                  << std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()
                  << " s");
  const Segment& segment = *reader.segment;
  CHECK(reader.total(chat::SEND_MESSAGE.value, &Totals::recorded) ==
        static_cast<std::uint64_t>(threads));
  CHECK(owned_lanes(segment) == 0);
  CHECK(generations(segment) == static_cast<std::uint64_t>(threads));   // one for every claim
  CHECK_FALSE(lane_readable(segment.lane_header(segment.overflow_lane())));
  CHECK(segment.header().untraced_records.load() == 0);
  std::uint64_t read_or_lost = 0;
  for (const LaneCursor& cursor : reader.cursors) {
    read_or_lost += cursor.read + cursor.lost;
    CHECK(cursor.rejected == 0);
  }
  CHECK(read_or_lost == static_cast<std::uint64_t>(threads));
  CHECK(reader.records.size() <= read_or_lost);
}

namespace {

pthread_key_t g_late_key;

// Like the destructors of some libraries: it sets its key again, so the system runs it as often as
// it runs any.
void late_destructor(void* value) {
  trace(chat::LEAVE_ROOM);
  pthread_setspecific(g_late_key, value);
}

struct TracesAtItsEnd {
  ~TracesAtItsEnd() { trace(chat::JOIN_ROOM); }
};

}  // namespace

TEST_CASE("Case10: a thread that traces to its very end keeps no lane behind") {
#if defined(RINGSIDE_UNDER_THREAD)
  MESSAGE(
      "not under ThreadSanitizer: it has taken down its own state of a thread before the last "
      "destructors run");
  return;
#endif
  constexpr int kThreads = 200;
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.lanes = 2;
  setup.overflow_capacity = 4096;
  REQUIRE(serve(setup, [] {
            // Created after Ringside's own key, so its destructor runs after Ringside's in each
            // round.
            HOLDS(pthread_key_create(&g_late_key, &late_destructor) == 0);
            for (int i = 0; i < kThreads; ++i) {
              std::thread([] {
                trace(chat::SEND_MESSAGE);
                pthread_setspecific(g_late_key, &g_late_key);
                static thread_local TracesAtItsEnd at_its_end;
                (void)&at_its_end;
              }).join();
            }
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  CHECK(owned_lanes(*reader.segment) == 0);
  CHECK(reader.total(chat::SEND_MESSAGE.value, &Totals::recorded) == kThreads);
  CHECK(reader.total(chat::JOIN_ROOM.value, &Totals::recorded) == kThreads);
  CHECK(reader.total(chat::LEAVE_ROOM.value, &Totals::recorded) ==
        kThreads * PTHREAD_DESTRUCTOR_ITERATIONS);
  CHECK(reader.segment->header().untraced_records.load() == 0);
  // Only the late destructors came after the lane was given back. Their records are in the overflow
  // lane.
  CHECK(reader.segment->lane_header(2).head.load() == kThreads * PTHREAD_DESTRUCTOR_ITERATIONS);
}

namespace {

// ThreadSanitizer holds a signal back until the thread makes a call that it intercepts. That call
// may never come.
#if defined(RINGSIDE_UNDER_THREAD)
constexpr bool kSignalsLate = true;
#else
constexpr bool kSignalsLate = false;
#endif

std::atomic<std::uint64_t> g_handled{0};

void trace_in_handler(int) {
  g_handled.fetch_add(1);
  trace(chat::EDIT_MESSAGE);
}

void on_signal(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  HOLDS(sigaction(number, &action, nullptr) == 0);
}

// A timer whose signal goes to one thread. The handler sets the timer anew, so the thread makes
// progress between two signals on any machine, however slow.
thread_local timer_t t_storm;

void next_thunder() {
  static std::atomic<std::uint64_t> number{0};
  const auto ns = static_cast<long>(1'000 + number.fetch_add(7'919) % 40'000);
  const itimerspec once{{0, 0}, {0, ns}};
  timer_settime(t_storm, 0, &once, nullptr);
}

void trace_in_storm(int) {
  trace_in_handler(0);
  next_thunder();
}

timer_t storm_over_this_thread() {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGUSR1;
  event._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));
  HOLDS(timer_create(CLOCK_MONOTONIC, &event, &t_storm) == 0);
  next_thunder();
  return t_storm;
}

}  // namespace

TEST_CASE("Case11: a handler that traces while its thread claims, writes or gives back its lane loses and leaks nothing") {
  const int threads = kSanitized ? 500 : long_run() ? 100'000 : 10'000;
  constexpr int kEach = 40;
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.lanes = 2;   // three threads run at once, so claims fail again and again
  auto* shared = static_cast<std::atomic<std::uint64_t>*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  REQUIRE(static_cast<void*>(shared) != MAP_FAILED);
  REQUIRE(serve(setup, [&] {
            on_signal(SIGUSR1, &trace_in_storm);
            std::vector<std::thread> spawners;
            for (int s = 0; s < 3; ++s) {
              spawners.emplace_back([&] {
                for (int i = 0; i < (threads + 2) / 3; ++i) {
                  timer_t timer;
                  std::thread([&timer] {
                    timer = storm_over_this_thread();
                    trace(chat::SEND_MESSAGE, kEach);
                  }).join();
                  timer_delete(timer);   // the timer ran through the thread's end
                }
              });
            }
            for (std::thread& spawner : spawners) spawner.join();
            shared[0].store(g_handled.load());
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  const auto sent = static_cast<std::uint64_t>((threads + 2) / 3 * 3 * kEach);
  MESSAGE(sent << " records, " << shared[0].load() << " by handlers");
  if (!kSignalsLate) CHECK(shared[0].load() > static_cast<std::uint64_t>(threads) / 10);
  CHECK(owned_lanes(*reader.segment) == 0);
  CHECK(reader.total(chat::SEND_MESSAGE.value, &Totals::recorded) == sent);
  CHECK(reader.total(chat::EDIT_MESSAGE.value, &Totals::recorded) == shared[0].load());
  CHECK(reader.segment->header().untraced_records.load() == 0);
  for (const LaneCursor& cursor : reader.cursors) CHECK(cursor.rejected == 0);
  munmap(shared, 4096);
}

TEST_CASE("Case11: alarms that fall on any thread in mid-record mix nothing") {
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.lane_capacity = setup.overflow_capacity = 1U << 16;
  auto* shared = static_cast<std::atomic<std::uint64_t>*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  REQUIRE(static_cast<void*>(shared) != MAP_FAILED);
  REQUIRE(serve(setup, [&] {
            on_signal(SIGALRM, &trace_in_handler);
            const itimerval often{{0, 50}, {0, 50}};
            HOLDS(setitimer(ITIMER_REAL, &often, nullptr) == 0);
            std::vector<std::thread> threads;
            for (std::uint64_t t = 1; t <= 3; ++t) {
              threads.emplace_back([t] {
                // Runs until enough alarms have come, however slow the machine is.
                for (std::uint64_t i = 0; i < 60'000 && (i < 1'000 || g_handled.load() < 500);
                     ++i) {
                  Operation op(chat::SEND_MESSAGE);
                  op.actor(ActorKind::user, t);
                  op.subject(SubjectKind::room, ~t);
                  op.finish(Outcome::ok, static_cast<std::uint16_t>(t));
                }
              });
            }
            for (std::thread& thread : threads) thread.join();
            const itimerval never{};
            HOLDS(setitimer(ITIMER_REAL, &never, nullptr) == 0);
            shared[0].store(g_handled.load());
            return 0;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  std::uint64_t mixed = 0;
  for (const Record& record : reader.records) {
    if (record.operation == chat::SEND_MESSAGE.value) {
      mixed += record.subject != ~record.actor || record.error != record.actor;
    } else {
      mixed +=
          record.operation != chat::EDIT_MESSAGE.value || record.actor != 0 || record.error != 0;
    }
  }
  CHECK(mixed == 0);
  if (!kSignalsLate) CHECK(shared[0].load() > 0);
  CHECK(reader.total(chat::EDIT_MESSAGE.value, &Totals::recorded) == shared[0].load());
  CHECK(records_of_lanes_are_their_totals(*reader.segment));
  for (const LaneCursor& cursor : reader.cursors) CHECK(cursor.rejected == 0);
  munmap(shared, 4096);
}

TEST_CASE("Case09: forked again and again while other threads claim and write, children and parent write apart") {
  const int children = kSanitized ? 12 : 150;
  TempDir dir;
  Setup setup = setup_for(dir);
  setup.lanes = 8;
  setup.lane_capacity = 1U << 16;
  auto* shared = static_cast<std::atomic<std::uint64_t>*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  REQUIRE(static_cast<void*>(shared) != MAP_FAILED);
  REQUIRE(serve(setup, [&] {
            std::atomic<bool> enough{false};
            std::thread writer([&] {
              std::uint64_t n = 0;
              while (!enough.load()) {
                trace(chat::SEND_MESSAGE);
                ++n;
              }
              shared[0].store(n);
            });
            std::thread churner([&] {   // makes forks fall into claims and releases too
              std::uint64_t n = 0;
              for (; !enough.load(); ++n) std::thread([] { trace(chat::LIST_ROOMS); }).join();
              shared[1].store(n);
            });
            for (int i = 0; i < children; ++i) {
              const bool silent = i % 3 == 0;
              trace(chat::LEAVE_ROOM);   // the forking thread has a lane, its child must not use it
              // Half of the children run their exit handlers. None of them may close the parent's
              // ring.
              const Ended child = run(
                  [&] {
                    if (!silent) trace(chat::JOIN_ROOM, 3);
                    return 0;
                  },
                  i % 2 == 0);
              HOLDS(child.exited(0));
              SegmentFacts facts;
              Failure failure;
              const auto ring = open_segment(setup.ring, {}, &facts, &failure);
              HOLDS(ring != nullptr && ring->header().state.load() == kSegmentReady);
            }
            enough.store(true);
            writer.join();
            churner.join();
            return traced() ? 0 : 1;
          }).exited(0));
  const Reader reader(dir.file("ring"));
  const std::uint64_t joined = static_cast<std::uint64_t>(children - (children + 2) / 3) * 3;
  CHECK(reader.total(chat::JOIN_ROOM.value, &Totals::recorded) == joined);
  CHECK(reader.total(chat::LEAVE_ROOM.value, &Totals::recorded) ==
        static_cast<std::uint64_t>(children));
  for (std::uint32_t i = 0; i < reader.segment->overflow_lane(); ++i) {
    if (!lane_readable(reader.segment->lane_header(i))) continue;
    const Totals* totals = reader.segment->totals(i);
    if (totals[chat::LEAVE_ROOM.value].recorded.load() == 0) continue;
    CHECK(totals[chat::JOIN_ROOM.value].recorded.load() == 0);
  }
  CHECK(reader.total(chat::SEND_MESSAGE.value, &Totals::recorded) == shared[0].load());
  CHECK(reader.total(chat::LIST_ROOMS.value, &Totals::recorded) == shared[1].load());
  CHECK(reader.segment->header().state.load() == kSegmentClosed);
  std::uint64_t torn = 0;
  for (std::uint32_t i = 0; i < reader.segment->overflow_lane(); ++i)
    torn += reader.segment->lane_header(i).torn.load();
  CHECK(records_of_lanes_are_their_totals(*reader.segment));
  CHECK(torn == 0);
  munmap(shared, 4096);
}
