// What an export costs: a ring of a million records, read, ordered, written in each format into a
// file, and forced to the disk.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include "shm/identity.h"
#include "shm/labels.h"
#include "shm/lane_claim.h"
#include "shm/names.h"
#include "shm/segment.h"
#include "tools/bench/harness.h"
#include "tools/bench/own_ring.h"
#include "tools/bench/program.h"
#include "tools/ringside/export/export.h"
#include "tools/ringside/export/timeline.h"
#include "tools/ringside/lines/output.h"

namespace ringside::bench {

namespace {

constexpr std::uint32_t kLanes = 8;
constexpr std::uint16_t kOperations = 19;
constexpr std::uint64_t kUsers = 1000;
constexpr std::uint64_t kRooms = 50;
constexpr std::uint64_t kPaceNs = 100'000;  // from one operation of a thread to the next

// Three of four are operations with four stages; the fourth is the database event inside of one.
Record record_at(std::uint64_t i, std::uint64_t anchor_ns) {
  Record record{};
  const std::uint64_t turn = i / 4 * 4;
  const bool event = i % 4 == 0;
  // The event is written before the operation in which it lies.
  const std::uint64_t call = event ? turn + 1 : i;
  record.start = anchor_ns + call * kPaceNs + (event ? 20'000 : 0);
  record.duration = event ? 20'000 : static_cast<std::int64_t>(60'000 + i % 7 * 5'000);
  record.operation = event ? kFirstEvent : static_cast<std::uint16_t>(i % kOperations);
  record.kind = static_cast<std::uint8_t>(event ? Kind::event : Kind::operation);
  record.actor = call % kUsers;
  record.subject = call % kRooms;
  record.flags = static_cast<std::uint16_t>(
      static_cast<unsigned>(ActorKind::user) |
      static_cast<unsigned>(SubjectKind::room) << kFlagSubjectShift | (event ? 0 : kFlagStages));
  if (i % 100 == 1) {
    record.outcome = static_cast<std::uint8_t>(Outcome::error);
    record.error = 7;
  }
  if (event) {
    record.event.context = 1;
  } else {
    for (std::size_t stage = 0; stage < 4; ++stage)
      record.set_stage(stage, pack_stage_ticks(stage == 1 ? 30'000 : 8'000));
  }
  return record;
}

bool fill(const std::string& path, std::uint64_t records_a_lane, Results& results) {
  CreateOptions options;
  options.path = path;
  options.program = "bench";
  std::uint32_t capacity = 1;
  while (capacity <= records_a_lane) capacity *= 2;
  options.geometry = {kLanes, capacity, 64};
  Failure failure;
  const Created created = create_segment(options, self_identity(), &failure);
  if (created.segment == nullptr) {
    std::fprintf(stderr, "ringside-bench: %s\n", failure.message.c_str());
    return false;
  }
  Segment& segment = *created.segment;
  // Its ticks are nanoseconds.
  SegmentHeader& header = segment.header();
  const std::int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
  const auto span_ns = static_cast<std::int64_t>(records_a_lane * kPaceNs);
  header.clock_kind = static_cast<std::uint32_t>(ClockKind::monotonic);
  header.ticks_per_second = 1'000'000'000;
  header.anchor_ticks = static_cast<std::uint64_t>(now_ns);
  header.anchor_monotonic_ns = now_ns;
  const auto anchor_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(now_ns - span_ns, 1));
  for (std::uint16_t id = 0; id < kOperations; ++id) {
    NameEntry entry{"OPERATION_" + std::to_string(id), "message", {}};
    entry.stages = {"queue", "database", "broadcast", "answer", "", ""};
    enter_name(segment, id, entry);
  }
  enter_name(segment, kFirstEvent, {"DB_TRANSACTION", "", {}});
  enter_error_name(segment, 7, "DATABASE_TIMEOUT");
  for (std::uint64_t i = 0; i < kUsers; ++i)
    give_label(segment, LabelKind::user, i, "user-" + std::to_string(i));
  for (std::uint64_t i = 0; i < kRooms; ++i)
    give_label(segment, LabelKind::room, i, "room-" + std::to_string(i));
  Work work{"records exported", 0, 0};
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    LaneOwner owner;
    owner.process = self_identity();
    owner.tid = 100 + lane;
    owner.thread_name = "worker";
    const ClaimedLane claimed = claim_lane(segment, owner);
    if (claimed.result != Claim::owned) return false;
    LaneWriter writer = claimed.writer;
    for (std::uint64_t i = 0; i < records_a_lane; ++i) {
      const Record record = record_at(i, anchor_ns + lane * 1'000);
      write_record(writer, record);
      ++work.count;
      work.checksum += checksum_of(record.operation, record.outcome, record.actor, record.subject);
    }
  }
  results.add(work);
  return true;
}

// Seconds of one export, as the command does it. 0 when it failed.
double export_seconds(const std::string& ring, const std::string& path, tool::ExportFormat format) {
  const double start = monotonic_seconds();
  Failure failure;
  const tool::Source source = tool::open_source(ring, &failure);
  const auto output = tool::Output::open(path, &failure);
  if (source.file == nullptr || output == nullptr) {
    std::fprintf(stderr, "ringside-bench: %s\n", failure.message.c_str());
    return 0;
  }
  std::vector<tool::Seen> records;
  while (source.records->read(records, true) == tool::Records::Next::more) {}
  tool::write_export(*source.file, std::move(records), {}, format, true,
                     [&](std::string_view bytes) { return output->write(bytes); });
  if (output->finish()) return 0;
  return monotonic_seconds() - start;
}

}  // namespace

void measure_export(const Settings& settings, Results& results) {
  const std::uint64_t a_lane = settings.smoke ? 1'000 : 125'000;
  const auto records = static_cast<double>(a_lane * kLanes);
  std::printf("\nAn export of %.0f records: from the ring into a file, forced to the disk\n",
              records);
  const Scratch scratch;
  const std::string ring = scratch.path() + "/ring";
  if (!fill(ring, a_lane, results)) return;
  const std::pair<const char*, tool::ExportFormat> formats[] = {
      {"perfetto", tool::ExportFormat::perfetto},
      {"chrome", tool::ExportFormat::chrome},
      {"csv", tool::ExportFormat::csv},
      {"json", tool::ExportFormat::json}};
  std::vector<double> rates[4];
  std::string sizes[4];
  for (int round = 0; round < (settings.smoke ? 2 : 7); ++round) {
    for (std::size_t i = 0; i < 4; ++i) {
      const std::string path = scratch.path() + "/export";
      const double seconds = export_seconds(ring, path, formats[i].second);
      if (seconds <= 0) return;
      rates[i].push_back(records / seconds / 1e6);
      std::error_code error;
      const double bytes = static_cast<double>(std::filesystem::file_size(path, error));
      char text[40];
      std::snprintf(text, sizeof text, "%.0f bytes a record", bytes / records);
      sizes[i] = text;
    }
  }
  for (std::size_t i = 0; i < 4; ++i)
    results.add(
        figure(std::string("export, ") + formats[i].first, "M records/s", rates[i], "", sizes[i]));
}

}  // namespace ringside::bench
