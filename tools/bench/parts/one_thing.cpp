#include "tools/bench/parts/one_thing.h"

#include <cstdio>
#include <thread>

#include "daemon/rings/drain.h"
#include "shm/lane_claim.h"
#include "tools/bench/own_ring.h"
#include "tools/bench/timing.h"
#include "tools/bench/traffic.h"

namespace ringside::bench {

const std::vector<OneThing> kOneThings = {
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

// The compiler may know nothing of it, so that each call is a call.
template <typename Body>
[[gnu::noipa]] void counted_loop(int count, const Body& body) {
  for (int i = 0; i < count; ++i) body(i);
}

// callgrind ends a profile where the loop ends. The empty one ends that of everything before.
template <typename Body>
void counted(int count, const Body& body) {
  counted_loop(0, body);
  counted_loop(count, body);
}

template <typename Body>
void twice(const Body& body) {
  for (int i = 0; i < 10; ++i) body(i);   // what happens once, happens here
  counted(kShortLoop, body);
  counted(kLongLoop, body);
}

constexpr auto operation = [](int) {
  Operation op(chat::SEND_MESSAGE);
  operation_body();
  op.finish(Outcome::ok);
};

// The records of `lanes` lanes, filled and then drained into all of the metrics.
void drained() {
  constexpr std::uint32_t kLanes = 8;
  CreateOptions options;
  options.path = "/dev/shm/ringside.bench-one-" + std::to_string(getpid());
  options.geometry = {kLanes, 4096, 64};
  Failure failure;
  const ProcessIdentity self = self_identity();
  const Created created = create_segment(options, self, &failure);
  if (created.segment == nullptr) {
    std::fprintf(stderr, "ringside-bench: %s\n", failure.message.c_str());
    return;
  }
  Segment& segment = *created.segment;
  std::vector<LaneWriter> writers;
  for (std::uint32_t i = 0; i < kLanes; ++i)
    writers.push_back(claim_lane(segment, self, i, "bench").writer);
  const auto kind = static_cast<ClockKind>(segment.header().clock_kind);
  TickScale scale(kind, segment.header().ticks_per_second, segment.header().anchor_ticks,
                  segment.header().anchor_monotonic_ns);
  scale.sync(read_instant());
  const std::vector<Record> records =
      chat_traffic(1 << 16, scale.known() ? scale.ticks_per_second() : 1e9);
  RingMetrics metrics({100, 20});
  std::vector<LaneCursor> cursors(kLanes);
  RingMetrics::Counts read_of{};
  std::vector<LaneToDrain> lanes;
  for (std::uint32_t i = 0; i < kLanes; ++i)
    lanes.push_back(LaneToDrain::of(segment, i, cursors[i], read_of));
  std::uint64_t next = 0;
  const auto fill = [&](int count) {
    std::uint64_t end = read_ticks(kind) - static_cast<std::uint64_t>(count);
    for (int i = 0; i < count; ++i) {
      Record record = records[next++ & 0xffff];
      record.start = end++ - static_cast<std::uint64_t>(record.duration);
      write_record(writers[static_cast<unsigned>(i) % kLanes], record);
    }
    const Instant now = read_instant();
    scale.sync(now);
    metrics.set_time(scale, now.monotonic_ns, 1);
  };
  const auto drain_all = [&](int) {
    for (LaneToDrain& lane : lanes) lane.moved = 0;
    drain(lanes, metrics);
  };
  fill(kLongLoop);
  drain_all(0);   // what happens once
  for (const int count : {kShortLoop, kLongLoop}) {
    fill(count);
    counted(1, drain_all);
  }
  leave_segment(segment, self, false);
}

bool run(const OwnRing& ring, const std::string& name) {
  const std::uint16_t id = chat::SEND_MESSAGE.value;
  if (name == "floor") {
    twice([](int) { two_clock_reads(); });
  } else if (name == "operation") {
    twice(operation);
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
    twice(operation);
    ring.switch_to(id, 1);
  } else if (name == "off") {
    ring.switch_to(id, 0);
    twice(operation);
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
    // The main thread has the only lane.
    std::thread([] { twice(operation); }).join();
  } else if (name == "drained") {
    drained();
  } else {
    std::fprintf(stderr, "ringside-bench: --one-thing %s: expected one of", name.c_str());
    for (const OneThing& thing : kOneThings) std::fprintf(stderr, " %s", thing.name);
    std::fprintf(stderr, "\n");
    return false;
  }
  return true;
}

}  // namespace

int run_things(const std::vector<std::string>& names) {
  Setup setup;
  setup.lanes = 1;
  OwnRing ring("one-thing", setup);
  if (!ring) return 1;
  operation(0);   // claims the lane
#if defined(__x86_64__)
  // A tool that counts instructions hides what the processor says about its counter; the
  // instructions are those of the counter, as they are without the tool.
  detail::g_clock.store(ClockKind::tsc, std::memory_order_relaxed);
#endif
  for (const std::string& name : names) {
    if (!run(ring, name)) return 2;
  }
  return 0;
}

}  // namespace ringside::bench
