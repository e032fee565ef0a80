#include "tools/bench/parts/counted_loops.h"

#include <cstdio>
#include <thread>

#include "tools/bench/own_ring.h"
#include "tools/bench/timing.h"

namespace ringside::bench {

const std::vector<CountedLoop> kCountedLoops = {
    {"floor", "two clock reads"},
    {"operation", "operation"},
    {"context", "operation with actor and subject"},
    {"stages", "operation with four stages"},
    {"chained", "operation that starts where the last ended"},
    {"sampled", "operation sampled 1 in 100"},
    {"off", "operation switched off"},
    {"event", "event"},
    {"count", "event that is only counted"},
    {"overflow", "operation in the overflow lane"},
    {"drained", "record drained into the metrics"},
};

namespace {

// noipa: the compiler knows nothing of the function, so each call of it is a real call.
template <typename Body>
[[gnu::noipa]] void counted_loop(int count, const Body& body) {
  for (int i = 0; i < count; ++i) body(i);
}

// callgrind ends a profile where counted_loop() returns. The empty loop ends the profile of
// everything before.
template <typename Body>
void counted(int count, const Body& body) {
  counted_loop(0, body);
  counted_loop(count, body);
}

template <typename Body>
void twice(const Body& body) {
  for (int i = 0; i < 10; ++i) body(i);   // what happens only once happens here, uncounted
  counted(kShortLoop, body);
  counted(kLongLoop, body);
}

constexpr auto one_operation = [](int) {
  Operation op(chat::SEND_MESSAGE);
  operation_body();
  op.finish(Outcome::ok);
};

// Fills eight lanes with records, then drains the records into all of the metrics.
void drained() {
  constexpr std::uint32_t kLanes = 8;
  static_assert(kLongLoop % kLanes == 0 && kShortLoop % kLanes == 0);
  static_assert(kLongLoop / kLanes <= DrainedRing::kCapacity);
  DrainedRing ring("drained", kLanes, 0);
  if (!ring) return;
  const auto fill = [&](int count) {
    ring.fill(static_cast<std::uint64_t>(count) / kLanes);
    ring.set_time();
  };
  fill(kLongLoop);
  ring.drain();   // what happens only once happens here, uncounted
  for (const int count : {kShortLoop, kLongLoop}) {
    fill(count);
    counted(1, [&](int) { ring.drain(); });
  }
}

bool run(const OwnRing& ring, const std::string& name) {
  const std::uint16_t id = chat::SEND_MESSAGE.value;
  if (name == "floor") {
    twice([](int) { two_clock_reads(); });
  } else if (name == "operation") {
    twice(one_operation);
  } else if (name == "context") {
    twice([](int i) {
      Operation op(chat::SEND_MESSAGE);
      op.actor(ActorKind::user, static_cast<std::uint64_t>(i));
      op.subject(SubjectKind::room, 7);
      operation_body();
      op.finish(Outcome::ok);
    });
  } else if (name == "stages") {
    twice([](int) {
      Operation op(chat::SEND_MESSAGE);
      operation_body();
      op.stage(chat::kValidation);
      operation_body();
      op.stage(chat::kSecurity);
      operation_body();
      op.stage(chat::kDatabase);
      operation_body();
      op.finish_stage(chat::kDelivery, Outcome::ok);
    });
  } else if (name == "chained") {
    Stamp last = now();
    twice([&last](int) {
      Operation op(chat::SEND_MESSAGE, last);
      operation_body();
      last = op.finish(Outcome::ok);
    });
  } else if (name == "sampled") {
    ring.switch_to(id, 100);
    twice(one_operation);
    ring.switch_to(id, 1);
  } else if (name == "off") {
    ring.switch_to(id, 0);
    twice(one_operation);
    ring.switch_to(id, 1);
  } else if (name == "event") {
    twice([](int i) {
      Event what;
      what.value = i;
      event(chat::RETRY, what);
    });
  } else if (name == "count") {
    twice([](int) { count(chat::RATE_LIMIT); });
  } else if (name == "overflow") {
    // The main thread has the only lane, so this thread gets the overflow lane.
    std::thread([] { twice(one_operation); }).join();
  } else if (name == "drained") {
    drained();
  } else {
    std::fprintf(stderr, "ringside-bench: --loop %s: expected one of", name.c_str());
    for (const CountedLoop& loop : kCountedLoops) std::fprintf(stderr, " %s", loop.name);
    std::fprintf(stderr, "\n");
    return false;
  }
  return true;
}

}  // namespace

int count_loops(const std::vector<std::string>& names) {
  Setup setup;
  setup.lanes = 1;
  setup.slow_clock = true;   // callgrind makes every clock slow
  OwnRing ring("loop", setup);
  if (!ring) return 1;
  one_operation(0);   // claims the lane
#if defined(__x86_64__)
  // callgrind hides what the processor says about its counter, so start() chose another clock. The
  // counter is set here, so that the counted instructions are those that run without callgrind.
  detail::g_clock.store(ClockKind::tsc, std::memory_order_relaxed);
#endif
  for (const std::string& name : names) {
    if (!run(ring, name)) return 2;
  }
  return 0;
}

}  // namespace ringside::bench
