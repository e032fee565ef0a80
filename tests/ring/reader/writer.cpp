// A traced process for the reader in Python. `writer known RING` writes records whose every field
// reader_test.py knows. Its standard input tells it step by step what to write. `writer flood RING`
// writes as fast as it can.
#include <pthread.h>

#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <functional>
#include <future>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "producer/ringside.hpp"
#include "shm/lane_claim.h"
#include "shm/segment.h"

using namespace ringside;

namespace {

// Says that the last step is done and waits for the next one. False at the end of the input.
bool next(const char* done, std::string* wish) {
  std::printf("%s\n", done);
  std::fflush(stdout);
  return static_cast<bool>(std::getline(std::cin, *wish));
}

// A thread that runs the functions it is given, one by one, and keeps its lane in between.
class Worker {
 public:
  explicit Worker(const char* name)
      : thread_([this, name] {
    pthread_setname_np(pthread_self(), name);
    for (;;) {
      std::packaged_task<void()> task = [this] {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return given_; });
        given_ = false;
        return std::move(task_);
      }();
      if (!task.valid()) return;
      task();
    }
  }) {}
  void run(std::function<void()> body) {
    std::packaged_task<void()> task(std::move(body));
    std::future<void> done = task.get_future();
    give(std::move(task));
    done.get();
  }
  void end() {
    give({});
    thread_.join();
  }

 private:
  void give(std::packaged_task<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      task_ = std::move(task);
      given_ = true;
    }
    wake_.notify_one();
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  bool given_ = false;
  std::packaged_task<void()> task_;
  std::thread thread_;
};

void operation(OperationId id, std::uint64_t start, std::int64_t duration, ActorKind kind,
               std::uint64_t actor) {
  detail::write({start, static_cast<std::uint64_t>(duration),
                 pack_descriptor(id.value, Kind::operation, Outcome::ok,
                                 static_cast<std::uint16_t>(kind), 0),
                 actor, 0, 0, 0});
}

void write_on_the_first_lane(Control& control) {
  for (unsigned n = 0; n < 12; ++n) {
    const std::uint64_t start = 1'000'000 + 1000 * n;
    // The last record ends before it began, as after a step of the clock.
    const std::int64_t duration = n == 11 ? -5 : 10 + std::int64_t{n};
    detail::write(
        {start, static_cast<std::uint64_t>(duration),
         pack_descriptor(static_cast<std::uint16_t>(n), Kind::operation,
                         static_cast<Outcome>(n % 7),
                         static_cast<std::uint16_t>(n % 4 | n % 5 << kFlagSubjectShift),
                         static_cast<std::uint16_t>(n % 7 == 0 ? 0 : 5000 + n)),
         100 + n, 200 + n, 0, 0});
  }
  const OperationId own =
      register_operation({"PIN_MESSAGE", "message", {"check", "store", "tell", "log"},
                          250'000'000, true});
  Operation staged(own);
  staged.stage(0);
  staged.stage(2);
  staged.stage(0);
  staged.finish_stage(3, Outcome::ok);
  for (int n = 0; n < 3; ++n) {
    Event retry;
    retry.outcome = Outcome::rejected;
    retry.error = 77;
    retry.value = n - 2;
    if (n != 1) retry.operation = chat::SEND_MESSAGE;
    retry.actor_kind = ActorKind::address;
    retry.actor = ~std::uint64_t{0};
    retry.subject_kind = SubjectKind::user;
    retry.subject = std::uint64_t{1} << 63;
    const auto start = 5'000'000 + static_cast<std::uint64_t>(n);
    detail::write_event(chat::RETRY, retry, start, start + 40);
  }
  Record record{};
  record.operation = chat::MESSAGE_SEARCH.value;
  record.kind = static_cast<std::uint8_t>(Kind::operation);
  record.flags = kFlagStages;
  record.start = 6'000'000;
  record.duration = std::int64_t{1} << 41;
  const std::uint64_t stages[kStageCount] = {
      5, (1U << 17) - 1, (1U << 17) + 1, 5'000'000'000, std::uint64_t{1} << 40, ~std::uint64_t{0}};
  for (unsigned i = 0; i < kStageCount; ++i) record.set_stage(i, pack_stage_ticks(stages[i]));
  detail::write(words_of(record));
  // Sampling this thin draws none of these. The failure is recorded all the same, without a span.
  control.effective[chat::LIST_INVITATIONS.value].store(~std::uint32_t{0});
  Operation(chat::LIST_INVITATIONS).finish(Outcome::timeout, 7);
  for (int n = 0; n < 3; ++n) Operation(chat::LIST_INVITATIONS).finish(Outcome::ok);
  for (int n = 0; n < 4; ++n) count(chat::RATE_LIMIT);
  // Begun, and not ended while this process lives.
  static auto* const in_flight = new Operation(chat::JOIN_ROOM, Stamp{7'000'000});
  static_cast<void>(in_flight);
}

int known(const std::string& ring) {
  Setup setup;
  setup.program = "reader-test";
  setup.ring = ring;
  setup.lanes = 2;
  setup.lane_capacity = setup.overflow_capacity = 64;
  if (!start(setup)) {
    std::fprintf(stderr, "writer: %s\n", why_untraced().c_str());
    return 1;
  }
  Failure failure;
  SegmentFacts facts;
  OpenOptions options;
  options.writable = true;
  const auto segment = open_segment(ring, options, &facts, &failure);
  if (segment == nullptr) {
    std::fprintf(stderr, "writer: %s\n", failure.message.c_str());
    return 1;
  }
  register_error(5001, "DATABASE_BUSY");
  register_error(7, "TOO_SLOW");
  label(LabelKind::user, 42, "somebody else");
  label(LabelKind::user, 42, "alice");
  label(LabelKind::room, 42, "#\xc3\xbc" "bung");
  label(LabelKind::address, ~std::uint64_t{0}, std::string(60, 'f'));
  label(LabelKind::session, 1, "gone");
  label(LabelKind::session, 1, "");
  register_gauge("connections").set(-5);
  register_gauge("rooms").set(std::int64_t{1} << 40);
  write_on_the_first_lane(segment->control());

  Worker lapper("lapper");
  lapper.run([] {
    for (unsigned n = 0; n < 200; ++n)
      operation(chat::JOIN_ROOM, 2'000'000 + n, n, ActorKind::user, n);
  });
  Worker late("late");
  std::uint64_t written = 0;
  const auto overflow = [&](unsigned count) {
    late.run([&] {
      for (unsigned n = 0; n < count; ++n, ++written) {
        operation(chat::LEAVE_ROOM, 3'000'000 + written, 1, ActorKind::session, written);
      }
    });
  };
  overflow(20);
  // A writer of the overflow lane that is interrupted after it has taken its slot.
  const LaneWriter lane = claim_overflow(*segment).writer;
  const std::uint64_t position = lane.header->head.fetch_add(1);
  lane.totals[chat::LEAVE_ROOM.value].recorded.fetch_add(1);
  lane.totals[chat::LEAVE_ROOM.value].ticks.fetch_add(1);
  Slot& slot = lane.slots[position & lane.mask];
  slot.sequence.store(2 * position + 1);
  overflow(5);

  std::string wish;
  if (!next("written", &wish)) return 0;
  if (wish == "publish") {
    Record record{};
    record.start = 4'000'000;
    record.duration = 1;
    record.operation = chat::LEAVE_ROOM.value;
    record.kind = static_cast<std::uint8_t>(Kind::operation);
    record.flags = kFlagOverflow;
    store_words(slot, words_of(record));
    slot.sequence.store(2 * (position + 1), std::memory_order_release);
  } else {
    overflow(64);   // one lap: one of these records finds the slot in use
  }
  lapper.end();
  while (next("done", &wish)) {}
  late.end();
  return 0;
}

int flood(const std::string& ring) {
  Setup setup;
  setup.program = "reader-test";
  setup.ring = ring;
  setup.lanes = 2;
  setup.lane_capacity = setup.overflow_capacity = 4096;
  setup.keep = true;
  if (!start(setup)) {
    std::fprintf(stderr, "writer: %s\n", why_untraced().c_str());
    return 1;
  }
  std::atomic<bool> stop{false};
  std::atomic<int> ready{0};
  constexpr unsigned kThreads = 4;
  std::uint64_t counts[kThreads] = {};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::uint64_t n = 0;
      // Every word follows from n and t.
      const auto write = [&] {
        Record record{};
        record.operation = static_cast<std::uint16_t>(t);
        record.kind = static_cast<std::uint8_t>(Kind::operation);
        record.start = n;
        record.duration = static_cast<std::int64_t>(3 * n + t);
        record.error = static_cast<std::uint16_t>(n);
        record.actor = 5 * n + t;
        record.subject = 7 * n + t;
        for (unsigned i = 0; i < kStageCount; ++i)
          record.set_stage(i, static_cast<StageTicks>((n + i) & 0x1ffff));
        detail::write(words_of(record));
        ++n;
      };
      write();
      ++ready;
      // The first record claims a lane: two threads get one, and two get none.
      while (ready.load() < static_cast<int>(kThreads)) std::this_thread::yield();
      while (!stop.load(std::memory_order_relaxed)) write();
      counts[t] = n;
    });
  }
  std::string wish;
  next("written", &wish);
  stop.store(true);
  for (std::thread& thread : threads) thread.join();
  for (const std::uint64_t count : counts)
    std::printf("%llu\n", static_cast<unsigned long long>(count));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "known") == 0) return known(argv[2]);
  if (argc == 3 && std::strcmp(argv[1], "flood") == 0) return flood(argv[2]);
  std::fprintf(stderr, "usage: writer known|flood RING\n");
  return 2;
}
