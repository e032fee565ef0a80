#include "tools/ringside/verify/verify.h"

#include <fmt/format.h>

#include <map>

#include "report/model/format.h"

namespace ringside::tool {

namespace {

constexpr int kTries = 1000;  // to find a writer between two records

class Verifier {
 public:
  explicit Verifier(const RingFile& file) : file_(file), segment_(file.segment()) {}

  Verified run() {
    for (std::uint32_t lane = 0; lane <= segment_.overflow_lane(); ++lane) {
      if (!lane_readable(segment_.lane_header(lane))) continue;
      ++out_.lanes;
      check_slots(lane);
      check_books(lane);
      check_owner(lane);
    }
    check_switches();
    check_names();
    return std::move(out_);
  }

 private:
  void fault(std::string text) {
    if (out_.faults.size() < kMostFaults) {
      out_.faults.push_back(std::move(text));
    } else {
      ++out_.more_faults;
    }
  }

  // Slot i holds the positions p with p mod capacity == i. Its sequence says which one, and whether
  // it is whole.
  void check_slots(std::uint32_t lane) {
    const LaneHeader& header = segment_.lane_header(lane);
    const Slot* slots = segment_.slots(lane);
    const std::uint64_t capacity = segment_.geometry().capacity(lane);
    const bool shared = lane == segment_.overflow_lane();
    for (std::uint64_t i = 0; i < capacity; ++i) {
      ++out_.slots;
      const std::uint64_t head_before = header.head.load(std::memory_order_acquire);
      const std::uint64_t sequence = slots[i].sequence.load(std::memory_order_acquire);
      const std::uint64_t head = header.head.load(std::memory_order_acquire);
      const std::string place = fmt::format("lane {}, slot {}", lane, i);
      if (sequence == 0) {
        // Never written, or reserved in the overflow lane and never taken.
        if (!shared && head_before > i)
          fault(place + ": was never written, although the lane's head has passed it");
        continue;
      }
      if (sequence == kSettling) continue;
      // The record of position p is 2 * (p + 1), and 2 * p + 1 while it is written.
      const std::uint64_t position = (sequence - 1) / 2;
      if ((position & (capacity - 1)) != i) {
        fault(place + fmt::format(": its sequence {} is that of another slot", sequence));
        continue;
      }
      if ((sequence & 1) != 0) {
        ++out_.begun;
        if (!shared && position != head && position != head_before && head == head_before)
          fault(place + fmt::format(": position {} is half-written, and the head is at {}",
                                    position, head));
        continue;
      }
      if (position > head) {
        fault(place + fmt::format(": holds position {}, beyond the head {}", position, head));
        continue;
      }
      if (!shared && position + capacity < head_before) {
        fault(place + fmt::format(": holds position {}, overwritten long ago by head {}", position,
                                  head_before));
        continue;
      }
      check_record(slots[i], position, place);
    }
  }

  void check_record(const Slot& slot, std::uint64_t position, const std::string& place) {
    Record record;
    if (read_slot(slot, position, record) != Poll::record) return;  // overwritten just now
    if (!believable(record)) {
      fault(place + fmt::format(": position {} holds no record of this format: operation {}, kind "
                                "{}, outcome {}, flags 0x{:04x}",
                                position, record.operation, record.kind, record.outcome,
                                record.flags));
      return;
    }
    ++out_.records;
  }

  // A single-writer lane has counted each record that it published, and may have counted each that
  // its owners died in.
  void check_books(std::uint32_t lane) {
    const LaneHeader& header = segment_.lane_header(lane);
    const std::uint64_t capacity = segment_.geometry().capacity(lane);
    TotalsCopy totals;
    std::uint64_t head = 0;
    bool quiet = false;
    for (int i = 0; i < kTries && !quiet; ++i) {
      head = header.head.load(std::memory_order_acquire);
      if (lane == segment_.overflow_lane()) {
        copy_totals(segment_.totals(lane), totals);
        quiet = header.head.load(std::memory_order_acquire) == head;
      } else if (header.life() == LaneLife::owned) {
        quiet = copy_totals_at(segment_.slots(lane), header, segment_.totals(lane), capacity, head,
                               totals);
      } else {
        copy_totals(segment_.totals(lane), totals);
        quiet =
            header.life() != LaneLife::owned && header.head.load(std::memory_order_acquire) == head;
      }
    }
    if (!quiet) {
      out_.busy.push_back(lane);
      return;
    }
    std::uint64_t recorded = 0;
    for (const TotalsCopy::Entry& entry : totals.entries) recorded += entry.recorded;
    std::uint64_t unpublished = header.torn.load(std::memory_order_relaxed);
    const bool dead = header.life() == LaneLife::dead;
    if (dead && lane_remainder(segment_.slots(lane), header, capacity) != Remainder::clean)
      ++unpublished;
    const bool shared = lane == segment_.overflow_lane();
    // A thread may be between reserving in the overflow lane and counting, or have died there.
    if (shared ? recorded > head : recorded < head || recorded > head + unpublished) {
      fault(fmt::format("lane {}: its totals have {} records, its head {}, half-written ones {}",
                        lane, recorded, head, unpublished));
    }
  }

  void check_owner(std::uint32_t lane) {
    const InFlight in_flight = in_flight_of(segment_, lane);
    if (in_flight.any && in_flight.operation >= kMaxOperations)
      fault(fmt::format("lane {}: its thread is in operation {}, and there are {}", lane,
                        in_flight.operation, kMaxOperations));
  }

  void check_switches() {
    const Control& control = segment_.control();
    const bool on = control.enabled.load(std::memory_order_relaxed) != 0;
    for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
      const std::uint32_t effective = control.effective[id].load(std::memory_order_relaxed);
      const std::uint32_t requested = control.requested[id].load(std::memory_order_relaxed);
      if (effective != (on ? requested : 0)) {
        fault(fmt::format("{}: writers are told 1 in {}, and 1 in {} is set, with tracing {}",
                          file_.operation_name(id), effective, requested, on ? "on" : "off"));
      }
    }
  }

  void check_names() {
    std::map<std::string, std::uint16_t> first;
    for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
      const std::uint32_t state = segment_.names()[id].state.load(std::memory_order_acquire);
      if (state > kNameReady) fault(fmt::format("name of id {}: state {} is none", id, state));
      if (file_.entry(id) == nullptr) continue;
      const auto [at, fresh] = first.emplace(file_.operation_name(id), id);
      if (!fresh)
        fault(fmt::format("the ids {} and {} have one name, {}", at->second, id, at->first));
    }
  }

  const RingFile& file_;
  const Segment& segment_;
  Verified out_;
};

}  // namespace

Verified verify(const RingFile& file) { return Verifier(file).run(); }

}  // namespace ringside::tool
