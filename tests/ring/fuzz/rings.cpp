#include "tests/ring/fuzz/rings.h"

#include <unistd.h>

#include "shm/names.h"
#include "tests/ring/fuzz/fixed_world.h"
#include "tests/ring/fuzz/input.h"

namespace ringside::fuzz {
namespace {

std::uint64_t ticks_at(const SegmentHeader& header, std::int64_t ns) {
  const auto clock = static_cast<ClockKind>(header.clock_kind);
  return clock == ClockKind::monotonic ? static_cast<std::uint64_t>(ns) : instant_at(ns).ticks;
}

Record record_of(const SegmentHeader& header, std::uint64_t n) {
  Record record{};
  record.start = ticks_at(header, kStartNs - static_cast<std::int64_t>(1000 * (n + 1)));
  record.duration = static_cast<std::int64_t>(100 + n * 37 % 90'000);
  record.flags = static_cast<std::uint16_t>((n % 4) | (n % 5) << kFlagSubjectShift);
  record.outcome = static_cast<std::uint8_t>(n % kOutcomeCount);
  record.error = record.outcome != 0 ? static_cast<std::uint16_t>(4000 + n % 3) : std::uint16_t{0};
  record.actor = n % 11;
  record.subject = n % 7;
  if (n % 6 == 5) {
    record.operation = static_cast<std::uint16_t>(kFirstEvent + n % 3);
    record.kind = static_cast<std::uint8_t>(Kind::event);
    record.event.value = static_cast<std::int64_t>(n);
    record.event.context = static_cast<std::uint16_t>(n % 4);
  } else {
    record.operation = static_cast<std::uint16_t>(n % 4);
    record.kind = static_cast<std::uint8_t>(Kind::operation);
    record.flags |= kFlagStages;
    for (unsigned i = 0; i < kStageCount; ++i) record.stages[i] = pack_stage_ticks(10 * i + n);
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
  segment.gauges()[enter_gauge(segment, "connections")].value.store(40);
  segment.gauges()[enter_gauge(segment, "db_transactions")].value.store(-3);
  enter_error_name(segment, 4000, "BAD_REQUEST");
  enter_error_name(segment, 4001, "DATABASE_BUSY");
}

void write(Segment& segment, Content content) {
  const SegmentHeader& header = segment.header();
  const std::uint64_t laps = content == Content::lapped ? 3 : 0;
  const ProcessIdentity self{1, 0, kPidNamespace};
  for (std::uint32_t tid = 1; tid <= 2; ++tid) {
    LaneWriter lane = claim_lane(segment, self, tid, tid == 1 ? "accept" : "worker").writer;
    if (lane.slots == nullptr) continue;   // the geometry has one lane only
    for (std::uint64_t n = laps * (lane.mask + 1) + 20 * tid; n > 0; --n)
      write_record(lane, record_of(header, n));
    count_only(lane, 1);
    if (content == Content::torn)
      lane.slots[lane.position & lane.mask].sequence.store(2 * lane.position + 1);
  }
  const LaneWriter overflow = claim_overflow(segment).writer;
  for (std::uint64_t n = laps * (overflow.mask + 1) + 30; n > 0; --n)
    write_overflow(overflow, record_of(header, n));
  if (content == Content::torn) {
    const std::uint64_t position = overflow.header->head.fetch_add(1);
    overflow.slots[position & overflow.mask].sequence.store(2 * position + 1);
  }
}

}  // namespace

SpoiltRing::SpoiltRing(const std::string& path, Geometry geometry, Content content, ClockKind clock,
                       std::uint64_t instance) {
  CreateOptions options;
  options.path = path;
  options.program = "server";
  options.geometry = geometry;
  Failure failure;
  segment_ = create_segment(options, {1, 0, kPidNamespace}, &failure).segment;
  if (segment_ == nullptr) std::fprintf(stderr, "%s\n", failure.message.c_str());
  FUZZ_REQUIRE(segment_ != nullptr);
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
  }
  if (content == Content::closed) header.state.store(kSegmentClosed);
  original_.assign(reinterpret_cast<const char*>(data()), geometry.segment_bytes());
}

void SpoiltRing::restore() {
  FUZZ_REQUIRE(truncate(segment_->path().c_str(), static_cast<off_t>(original_.size())) == 0);
  std::memcpy(data(), original_.data(), original_.size());
}

}  // namespace ringside::fuzz
