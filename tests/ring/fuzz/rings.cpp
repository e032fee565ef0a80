#include "tests/ring/fuzz/rings.h"

#include <cstring>
#include <map>
#include <thread>

#include "shm/labels.h"
#include "shm/names.h"
#include "tests/ring/fuzz/fixed_world.h"
#include "tests/ring/fuzz/input.h"

namespace ringside::fuzz {
namespace {

std::uint64_t ticks_at(const SegmentHeader& header, std::int64_t ns) {
  const auto clock = static_cast<ClockKind>(header.clock_kind);
  return clock == ClockKind::monotonic ? static_cast<std::uint64_t>(ns) : instant_at(ns).ticks;
}

// The latest records of a lane are of all kinds. Those before fail seldom, and come in no order of
// their spans: a lapped lane must not take most of an execution, which is the same each time.
constexpr std::uint64_t kVaried = 12;

Record record_of(const SegmentHeader& header, std::uint64_t n) {
  Record record{};
  record.start = ticks_at(header, kStartNs - static_cast<std::int64_t>(1000 * (n + 1)));
  const bool varied = n <= kVaried || n % 16 == 0;
  record.duration = static_cast<std::int64_t>(100 + n * (varied ? 37 : 7919) % 4001);
  record.flags = static_cast<std::uint16_t>((n % 4) | (n % 5) << kFlagSubjectShift);
  record.outcome = static_cast<std::uint8_t>(varied ? n % kOutcomeCount : 0);
  record.error = record.outcome != 0 ? static_cast<std::uint16_t>(4000 + n % 3) : std::uint16_t{0};
  record.actor = n % 11;
  record.subject = n % 7;
  if (n % 6 == 5) {
    record.operation = kFirstEvent;
    record.kind = static_cast<std::uint8_t>(Kind::event);
    record.event.value = static_cast<std::int64_t>(n);
    record.event.context = static_cast<std::uint16_t>(n % 4);
  } else {
    record.operation = static_cast<std::uint16_t>(n % 2);
    record.kind = static_cast<std::uint8_t>(Kind::operation);
    record.flags |= kFlagStages;
    for (unsigned i = 0; i < kStageCount; ++i)
      record.set_stage(i, pack_stage_ticks(10 * i + (varied ? n : n * 7919 % 193)));
  }
  return record;
}

void enter_names(Segment& segment) {
  enter_name(segment, 0,
             {"SEND_MESSAGE", "message", {"validation", "security", "database", "delivery"}});
  enter_name(segment, 1, {"CREATE_ROOM", "room", {}});
  enter_name(segment, 2, {"AUTHENTICATION", "user", {"validation", "", "database", ""}});
  enter_name(segment, kFirstEvent, {"DB_TRANSACTION", "", {}});
  enter_name(segment, kFirstEvent + 1, {"LOGIN_FAILED", "", {}});
  segment.processes()[0].gauges[enter_gauge(segment, "connections")].store(40);
  segment.processes()[0].gauges[enter_gauge(segment, "db_transactions")].store(-3);
  enter_error_name(segment, 4000, "BAD_REQUEST");
  enter_error_name(segment, 4001, "DATABASE_BUSY");
}

void write(Segment& segment, Content content) {
  const SegmentHeader& header = segment.header();
  for (std::uint32_t tid = 1; tid <= 2; ++tid) {
    // One lane is enough: an execution reads all that is there.
    const std::uint64_t laps = content == Content::lapped && tid == 1 ? 3 : 0;
    const LaneOwner owner{{1, 0, kPidNamespace}, {0, 1}, tid, tid == 1 ? "accept" : "worker"};
    LaneWriter lane = claim_lane(segment, owner).writer;
    if (lane.slots == nullptr) continue;  // the geometry has one lane only
    for (std::uint64_t n = laps * (lane.mask + 1) + 3 * tid; n > 0; --n)
      write_record(lane, record_of(header, n));
    count_only(lane, 1);
    if (content == Content::torn)
      lane.slots[lane.position & lane.mask].sequence.store(2 * lane.position + 1);
  }
  const LaneWriter overflow = claim_overflow(segment).writer;
  for (std::uint64_t n = 5; n > 0; --n) write_overflow(overflow, record_of(header, n));
  if (content == Content::torn) {
    const std::uint64_t position = overflow.header->head.fetch_add(1);
    overflow.slots[position & overflow.mask].sequence.store(2 * position + 1);
  }
}

// The lock looks held. Its other bytes are of this run of this program.
void hold(OwnerLock& lock) {
  lock.word.store(1);
  std::memset(lock.rest, 0, sizeof lock.rest);
}

// The beginning of an empty ring, up to its first process: the rest is zeros. A server that ends
// has made it.
const std::string& empty_ring(const Geometry& geometry) {
  static std::map<std::uint64_t, std::string> made;  // by the size, which tells them apart here
  std::string& bytes = made[geometry.segment_bytes()];
  if (!bytes.empty()) return bytes;
  CreateOptions options;
  options.path = Scratch::file("empty" + std::to_string(geometry.segment_bytes()));
  options.program = "server";
  options.geometry = geometry;
  std::thread([&] {
    Failure failure;
    const auto ring = create_segment(options, {1, 0, kPidNamespace}, &failure).segment;
    if (ring == nullptr) std::fprintf(stderr, "%s\n", failure.message.c_str());
    FUZZ_REQUIRE(ring != nullptr);
    bytes.assign(reinterpret_cast<const char*>(&ring->header()),
                 geometry.processes_offset() + sizeof(ProcessEntry));
  }).join();
  return bytes;
}

// How often a ring is restored until all of it is looked at.
constexpr unsigned kRestoresToCheck = 4096;

}  // namespace

SpoiltRing::SpoiltRing(Geometry geometry, Content content, ClockKind clock, std::uint64_t instance,
                       std::uint64_t room)
    : memory_(geometry.segment_bytes(), room),
      segment_(std::make_unique<Segment>(Mapping::of(memory_.data(), memory_.bytes()), geometry,
                                         "ring", instance)),
      reading_(std::make_unique<Segment>(Mapping::of(memory_.readers(), memory_.bytes()), geometry,
                                         "ring", instance)) {
  const std::string& empty = empty_ring(geometry);
  std::memcpy(data(), empty.data(), empty.size());
  hold(segment_->processes()[0].lock);
  segment_->processes()[0].holder_tid.store(1);
  // By a thread that ends: what is spoilt here must not be in the lists of locks that we hold.
  std::thread([&] { fill(content, clock, instance); }).join();
  for (std::uint32_t lane = 0; lane < geometry.lane_count; ++lane)
    hold(segment_->lane_header(lane).owner);
  std::memset(segment_->header().registry.rest, 0, sizeof(OwnerLock::rest));
  memory_.keep(geometry.processes_offset() + 4096, geometry.lanes_offset());
}

void SpoiltRing::fill(Content content, ClockKind clock, std::uint64_t instance) {
  // Nothing in the ring may differ from one run to the next.
  SegmentHeader& header = segment_->header();
  header.clock_kind = static_cast<std::uint32_t>(clock);
  header.ticks_per_second = clock == ClockKind::monotonic ? 1'000'000'000 : kTicksPerSecond;
  header.instance[0] = instance;
  header.instance[1] = ~instance;
  header.boot_id[0] = kBoot.words[0];
  header.boot_id[1] = kBoot.words[1];
  header.pid_namespace = kPidNamespace;
  header.anchor_ticks = ticks_at(header, kStartNs - 60 * kSecond);
  header.anchor_monotonic_ns = kStartNs - 60 * kSecond;
  header.anchor_realtime_ns = header.anchor_monotonic_ns + kWallNs;
  if (content != Content::fresh) {
    enter_names(*segment_);
    write(*segment_, content);
    give_labels();
  }
  if (content == Content::closed) header.state.store(kSegmentClosed);
}

// Of ids that the records have. Only the pages that labels lie in are used: all of the table would
// be most of the ring.
void SpoiltRing::give_labels() {
  segment_->header().labels_state.store(kLabelsReady);
  const auto give = [this](LabelKind kind, std::uint64_t id, std::string_view text) {
    touch_label(kind, id);
    FUZZ_REQUIRE(give_label(*segment_, kind, id, text));
  };
  give(LabelKind::user, 1, "alice");
  give(LabelKind::room, 5, "#ops");
  give(LabelKind::message, 2, "\x1b[31m\xff");
}

Label* SpoiltRing::touch_label(LabelKind kind, std::uint64_t id) {
  Label* set = segment_->labels() + std::size_t{label_set(kind, id)} * kLabelWays;
  touch(set, sizeof(Label) * kLabelWays);
  touch(&segment_->header(), sizeof(SegmentHeader));
  return set;
}

void SpoiltRing::touch_lane(std::uint32_t lane) {
  touch(&segment_->lane_header(lane), sizeof(LaneHeader));
  touch(segment_->totals(lane), Geometry::block_bytes(segment_->geometry().capacity(lane)));
}

void SpoiltRing::restore() {
  memory_.restore();
  if (++restores_ % kRestoresToCheck == 0) FUZZ_REQUIRE(memory_.restored());
}

}  // namespace ringside::fuzz
