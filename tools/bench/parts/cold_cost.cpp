// What an operation costs a thread whose caches hold other data. A chat server does something else
// between two operations.

#include <cstdio>

#include "tools/bench/own_ring.h"
#include "tools/bench/call_times.h"

namespace ringside::bench {

namespace {

// Neither call is inlined, so that its code lies in one place that can be flushed. Both are
// aligned, so that the number of cache lines is known.
[[gnu::noinline, gnu::aligned(64)]] void traced_call(std::uint64_t actor) {
  Operation op(chat::SEND_MESSAGE);
  op.actor(ActorKind::user, actor);
  op.subject(SubjectKind::room, 7);
  operation_body();
  op.finish(Outcome::ok);
}
[[gnu::noinline, gnu::aligned(64)]] void floor_call(std::uint64_t actor) {
  asm volatile("" ::"r"(actor) : "memory");
  two_clock_reads();
}
constexpr std::size_t kCodeBytes = 640;

// More than the second-level cache of any processor that this program runs on.
constexpr std::size_t kOtherBytes = std::size_t{16} << 20;

void flush(const volatile void* address, std::size_t bytes = 1) {
#if defined(__x86_64__)
  const auto begin = reinterpret_cast<std::uintptr_t>(address) & ~std::uintptr_t{63};
  for (std::uintptr_t at = begin; at < reinterpret_cast<std::uintptr_t>(address) + bytes;
       at += 64) {
    __builtin_ia32_clflush(reinterpret_cast<const void*>(at));
  }
#else
  (void)address;
  (void)bytes;
#endif
}

// Flushes what an operation touches out of every cache: the switches, the clock's kind, the lane's
// totals, header and next slots, the thread's state, and the code of both calls.
void flush_what_is_touched() {
  const LaneWriter& lane = detail::t_writer.lane;
  flush(&detail::g_switches);
  flush(&detail::g_clock);
  flush(&detail::g_switches.load()[chat::SEND_MESSAGE.value]);
  flush(&lane.totals[chat::SEND_MESSAGE.value]);
  // The lane's head is the position of the next record: lane.position stays where the claim left it
  // (producer/hot_path.h). Four slots, because a prefetcher would have brought those behind the
  // first.
  const std::uint64_t position = lane.header->head.load(std::memory_order_relaxed);
  for (std::uint64_t ahead = 0; ahead < 4; ++ahead)
    flush(&lane.slots[(position + ahead) & lane.mask]);
  flush(lane.header);
  flush(reinterpret_cast<const void*>(&traced_call), kCodeBytes);
  flush(reinterpret_cast<const void*>(&floor_call), kCodeBytes);
  flush(&detail::t_writer, sizeof detail::t_writer);
#if defined(__x86_64__)
  __builtin_ia32_mfence();
#endif
}

struct Pair {
  CallTimes floor;
  CallTimes operation;
};

}  // namespace

void measure_cold(const Settings& settings, Results& results) {
  OwnRing ring("cold", {});
  if (!ring) return;
  Reader reader(ring.name());
  if (!reader) return;
  const OwnDaemon daemon(settings, ring.name());
  const bool pinned = pin_to(settings.producer_cpu);
  const int groups = settings.smoke ? 3 : 20;
  const int calls = settings.smoke ? 10 : 60;
  std::printf(
      "\nA single operation after the caches were lost (%s; daemon attached; medians of groups of "
      "%d calls)\n",
      pinned_words(pinned, settings.producer_cpu).c_str(),
      calls);
  const double scale = measure_ticks_per_ns();
  std::vector<unsigned char> other(kOtherBytes, 1);
  const auto evict = [&other] {
    unsigned sum = 0;
    for (std::size_t at = 0; at < other.size(); at += 64) sum += ++other[at];
    asm volatile("" ::"r"(sum) : "memory");
  };
  const auto warm = [] {};
  Pair returns[3];
  Pair stored[3];
  const auto measure = [&](Pair& until_return, Pair& until_stored, const auto& before) {
    for (int i = 0; i < calls; ++i) {
      const auto actor = static_cast<std::uint64_t>(i);
      before();
      time_one(until_return.floor.spans, [actor] { floor_call(actor); });
      before();
      time_one(until_return.operation.spans, [actor] { traced_call(actor); });
      before();
      time_one(until_stored.floor.spans, [actor] { floor_call(actor), wait_for_stores(); });
      before();
      time_one(until_stored.operation.spans, [actor] { traced_call(actor), wait_for_stores(); });
    }
  };
  traced_call(0);   // claims the lane
  for (int group = 0; group < groups; ++group) {
    measure(returns[0], stored[0], warm);
    measure(returns[1], stored[1], evict);
    measure(returns[2], stored[2], flush_what_is_touched);
    for (Pair* pairs : {returns, stored}) {
      for (int i = 0; i < 3; ++i) {
        pairs[i].floor.end_group(scale);
        pairs[i].operation.end_group(scale);
      }
    }
    reader.take();
  }
  const char* const states[] = {"warm", "after 16 MiB of other data", "all its lines flushed"};
  for (int i = 0; i < 3; ++i) {
    const std::string state = states[i];
    results.add(figure(state + ": floor", "ns", returns[i].floor.column(0)));
    results.add(figure(state + ": until it returns, above", "ns",
                       returns[i].operation.above(returns[i].floor, 0)));
    results.add(figure(state + ": until its stores are done, above", "ns",
                       stored[i].operation.above(stored[i].floor, 0)));
  }
  results.add(daemon.burned("daemon meanwhile, cold"));
  results.add(reader.taken("cold"));
  if (reader.lost() != 0)
    results.remark(std::to_string(reader.lost()) +
                   " records were lost to the reader, expected none");
}

}  // namespace ringside::bench
