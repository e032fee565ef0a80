#include <array>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "report/model/format.h"
#include "report/render/table.h"
#include "shm/processes.h"
#include "shm/words.h"
#include "tools/ringside/commands/commands.h"
#include "tools/ringside/commands/inspect_parts.h"
#include "tools/ringside/commands/registered.h"
#include "tools/ringside/source/source.h"
#include "tools/ringside/verify/verify.h"

namespace ringside::tool {

namespace {

struct LaneSum {
  std::uint32_t lane = 0;
  bool overflow = false;
  std::string state;
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  std::uint32_t generation = 0;
  std::string thread;
  std::uint64_t head = 0;
  std::uint64_t readable = 0;   // records that are still there and whole
  std::uint64_t oldest = 0, newest = 0;  // ends of the readable ones
  std::uint64_t dropped = 0;
  std::uint64_t torn = 0;
  double per_second = 0;                 // of the readable ones
  std::optional<std::int64_t> quiet_ns;  // since the newest of them ended
  InFlight in_flight;
};

struct Sums {
  std::vector<LaneSum> lanes;
  TotalsCopy totals;
  std::array<std::uint64_t, kIdCount> readable{};  // of each id
  std::uint64_t written = 0;
};

// A lane's rate, by the records that it still holds: from the end of the oldest to the newest's.
void measure(const RingFile& file, LaneSum& lane) {
  if (lane.readable == 0) return;
  lane.quiet_ns = file.scale().span_ns(static_cast<std::int64_t>(file.now_ticks() - lane.newest));
  const std::int64_t span_ns =
      file.scale().span_ns(static_cast<std::int64_t>(lane.newest - lane.oldest));
  if (lane.readable > 1 && span_ns > 0)
    lane.per_second = static_cast<double>(lane.readable - 1) * 1e9 / static_cast<double>(span_ns);
}

void take(const Record& record, LaneSum& lane, Sums& sums) {
  if (lane.readable++ == 0) lane.oldest = record.end();
  lane.newest = record.end();
  ++sums.readable[record.operation & (kIdCount - 1)];
}

// A recording has its records beside the ring.
void take_recorded(Records& records, Sums& sums) {
  std::map<std::uint32_t, LaneSum*> lanes;
  for (LaneSum& lane : sums.lanes) lanes[lane.lane] = &lane;
  std::vector<Seen> batch;
  Records::Next next = Records::Next::more;
  while (next == Records::Next::more) {
    batch.clear();
    next = records.read(batch, true);
    for (const Seen& seen : batch) {
      const auto lane = lanes.find(seen.lane);
      if (lane != lanes.end()) take(seen.record, *lane->second, sums);
    }
  }
}

Sums sum_up(const Source& source) {
  const RingFile& file = *source.file;
  const Segment& segment = file.segment();
  Sums sums;
  for (std::uint32_t i = 0; i <= segment.overflow_lane(); ++i) {
    const LaneHeader& header = segment.lane_header(i);
    if (!lane_readable(header)) continue;
    LaneSum lane;
    lane.lane = i;
    lane.overflow = i == segment.overflow_lane();
    lane.state = lane.overflow ? "shared" : lane_life_word(header.life());
    lane.pid = header.owner_pid.load(std::memory_order_relaxed);
    lane.generation = header.generation.load(std::memory_order_relaxed);
    lane.tid = header.owner_tid.load(std::memory_order_relaxed);
    lane.thread = escape_visible(lane_thread_name(header));
    lane.in_flight = in_flight_of(segment, i);
    lane.head = header.head.load(std::memory_order_acquire);
    lane.dropped = header.dropped.load(std::memory_order_relaxed);
    lane.torn = header.torn.load(std::memory_order_relaxed);
    const std::uint64_t capacity = segment.geometry().capacity(i);
    LaneCursor cursor;
    cursor.position = lane.head > capacity ? lane.head - capacity : 0;
    const auto count = [&](const Record& record) { take(record, lane, sums); };
    if (lane.overflow) {
      read_overflow(segment.slots(i), header, capacity, cursor, capacity, count);
    } else {
      read_lane(segment.slots(i), header, capacity, cursor, capacity, count);
    }
    sums.written += lane.head;
    TotalsCopy totals;
    copy_totals(segment.totals(i), totals);
    for (std::uint32_t id = 0; id < kIdCount; ++id) {
      sums.totals.entries[id].recorded += totals.entries[id].recorded;
      sums.totals.entries[id].skipped += totals.entries[id].skipped;
      sums.totals.entries[id].errors += totals.entries[id].errors;
      sums.totals.entries[id].ticks += totals.entries[id].ticks;
    }
    sums.lanes.push_back(lane);
  }
  if (source.recorded) take_recorded(*source.records, sums);
  for (LaneSum& lane : sums.lanes) measure(file, lane);
  return sums;
}

double mean_ns(const RingFile& file, const TotalsCopy::Entry& entry) {
  if (entry.recorded == 0) return 0;
  return static_cast<double>(file.scale().span_ns(static_cast<std::int64_t>(entry.ticks))) /
         static_cast<double>(entry.recorded);
}

std::string sampling(const RingFile& file, std::uint16_t id) {
  const std::uint32_t every =
      file.segment().control().effective[id].load(std::memory_order_relaxed);
  return every == 0 ? "off" : every == 1 ? "all" : "1 in " + std::to_string(every);
}

nlohmann::json in_flight_json(const RingFile& file, const InFlight& in_flight) {
  if (!in_flight.any) return nullptr;
  return {{"operation", file.operation_name(in_flight.operation)},
          {"start_wall_ns", file.wall_ns(in_flight.start)}};
}

// What the lanes' threads have begun and not ended.
void print_in_flight(const RingFile& file, const Sums& sums) {
  Table table({{"in flight", Align::left}, {"since"}, {"lane"}, {"thread", Align::left}, {"tid"}});
  for (const LaneSum& lane : sums.lanes) {
    if (!lane.in_flight.any) continue;
    table.row({file.operation_name(lane.in_flight.operation),
               format_time_of_day(file.wall_ns(lane.in_flight.start)), std::to_string(lane.lane),
               lane.thread, std::to_string(lane.tid)});
  }
  if (!table.empty()) std::printf("\n%s", table.render(0, 100).c_str());
}

void print_json(const RingFile& file, const Sums& sums, const std::optional<Verified>& verified,
                const RecordingFacts* recording) {
  using nlohmann::json;
  const SegmentFacts& facts = file.facts();
  const SegmentHeader& header = file.segment().header();
  json out;
  if (recording != nullptr) out["recording"] = recording_json(file, *recording);
  out["path"] = file.segment().path();
  out["state"] = file.state_word();
  out["program"] = escape_visible(facts.program);
  out["build_id"] = escape_visible(facts.build_id);
  out["configuration_digest"] = escape_visible(facts.configuration_digest);
  out["pid"] = facts.creator_pid;
  out["uid"] = file.owner_uid();
  out["layout_version"] = kLayoutVersion;
  out["segment_bytes"] = facts.geometry.segment_bytes();
  out["lane_count"] = facts.geometry.lane_count;
  out["lane_capacity"] = facts.geometry.lane_capacity;
  out["overflow_capacity"] = facts.geometry.overflow_capacity;
  out["clock"] = clock_name(facts.clock);
  out["ticks_per_second"] = file.scale().ticks_per_second();
  out["created_wall_ns"] = file.wall_ns(facts.anchor_ticks);
  out["written"] = sums.written;
  out["untraced_threads"] = header.untraced_threads.load(std::memory_order_relaxed);
  out["untraced_records"] = header.untraced_records.load(std::memory_order_relaxed);
  out["names_refused"] = header.names_refused.load(std::memory_order_relaxed);
  out["names_merged"] = header.names_merged.load(std::memory_order_relaxed);
  out["labels_given"] = header.labels_given.load(std::memory_order_relaxed);
  out["labels_dropped"] = header.labels_dropped.load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < kMisuseCount; ++i)
    out["misused"][kMisuseWords[i].word] = header.misused[i].load(std::memory_order_relaxed);
  out["enabled"] = file.segment().control().enabled.load(std::memory_order_relaxed) != 0;
  for (const LaneSum& lane : sums.lanes) {
    out["lanes"].push_back({{"lane", lane.lane},
                            {"overflow", lane.overflow},
                            {"state", lane.state},
                            {"pid", lane.pid},
                            {"tid", lane.tid},
                            {"generation", lane.generation},
                            {"thread", lane.thread},
                            {"written", lane.head},
                            {"readable", lane.readable},
                            {"dropped", lane.dropped},
                            {"torn", lane.torn},
                            {"rate_per_s", lane.per_second},
                            {"in_flight", in_flight_json(file, lane.in_flight)}});
  }
  for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    const TotalsCopy::Entry& entry = sums.totals.entries[id];
    if (entry.recorded + entry.skipped == 0) continue;
    out[id < kFirstEvent ? "operations" : "events"][file.operation_name(id)] = {
        {"count", entry.recorded + entry.skipped},
        {"recorded", entry.recorded},
        {"readable", sums.readable[id]},
        {"skipped", entry.skipped},
        {"errors", entry.errors},
        {"mean_ns", mean_ns(file, entry)},
        {"sampling", sampling(file, id)}};
  }
  const ProcessesLook processes =
      look_at_processes(file.segment(), file.facts().death_marked);
  for (std::uint32_t i = 0; i < kMaxGauges; ++i) {
    std::string name;
    if (!read_gauge_name(file.segment(), i, &name)) continue;
    out["gauges"][name] = gauge_value(file.segment(), processes, i);
  }
  if (verified) out["verified"] = json_of(*verified);
  // The path may hold any bytes. Bytes that are no text are replaced. Bytes that steer a terminal
  // are escaped.
  std::printf("%s\n", out.dump(2, ' ', true, json::error_handler_t::replace).c_str());
}

void print_text(const RingFile& file, const Sums& sums) {
  const SegmentFacts& facts = file.facts();
  const SegmentHeader& header = file.segment().header();
  const auto line = [](const char* label, const std::string& value) {
    std::printf("%-10s %s\n", label, value.c_str());
  };
  line("ring", escape_visible(file.segment().path()));
  line("state",
       file.state_word() + (file.segment().control().enabled.load(std::memory_order_relaxed) != 0
                                ? ", tracing on"
                                : ", tracing switched off"));
  line("server", escape_visible(facts.program) + ", pid " + std::to_string(facts.creator_pid) +
                     ", uid " + std::to_string(file.owner_uid()));
  if (!facts.build_id.empty()) line("build", escape_visible(facts.build_id));
  if (!facts.configuration_digest.empty())
    line("configured", "digest " + escape_visible(facts.configuration_digest));
  line("created", format_wall(file.wall_ns(facts.anchor_ticks)));
  line("layout", "version " + std::to_string(kLayoutVersion) + ", " +
                     std::to_string(facts.geometry.lane_count) + " lanes of " +
                     format_count(facts.geometry.lane_capacity) + " records, overflow " +
                     format_count(facts.geometry.overflow_capacity) + ", " +
                     format_bytes(facts.geometry.segment_bytes()) + " if all are used");
  line("clock", std::string(clock_name(facts.clock)) + ", " +
                    format_count(static_cast<std::uint64_t>(file.scale().ticks_per_second())) +
                    " Hz" + (facts.ticks_per_second == 0 ? " (measured)" : ""));
  const double seconds =
      static_cast<double>(subtract_ns(file.now().realtime_ns, file.wall_ns(facts.anchor_ticks))) /
      1e9;
  line("written", format_count(sums.written) + " records" +
                      (file.state() == RingState::live && seconds > 0
                           ? ", " + format_rate(static_cast<double>(sums.written) / seconds) +
                                 " since its creation"
                           : ""));
  const auto untraced = header.untraced_threads.load(std::memory_order_relaxed);
  if (untraced > 0) {
    line("untraced", format_count(untraced) + " threads, " +
                         format_count(header.untraced_records.load(std::memory_order_relaxed)) +
                         " records: no memory for their lanes (df /dev/shm)");
  }
  // What the server's code got wrong.
  const auto mistake = [&](const std::atomic<std::uint64_t>& count, const char* what) {
    const std::uint64_t n = count.load(std::memory_order_relaxed);
    if (n > 0) line("mistakes", format_count(n) + " " + what);
  };
  for (std::uint32_t i = 0; i < kMisuseCount; ++i)
    mistake(header.misused[i], kMisuseWords[i].text);
  mistake(header.names_merged, kMergedNamesText);
  mistake(header.names_refused, kRefusedNamesText);

  std::printf("\n");
  Table lanes({{"lane"},
               {"state", Align::left},
               {"thread", Align::left},
               {"pid"},
               {"tid"},
               {"gen"},
               {"written"},
               {"readable"},
               {"rate"},
               {"quiet", Align::span},
               {"dropped"},
               {"torn"}});
  for (const LaneSum& lane : sums.lanes) {
    lanes.row({lane.overflow ? "overflow" : std::to_string(lane.lane), lane.state, lane.thread,
               std::to_string(lane.pid), std::to_string(lane.tid), std::to_string(lane.generation),
               format_count(lane.head), format_count(lane.readable),
               lane.per_second > 0 ? format_rate(lane.per_second) : "–",
               lane.quiet_ns ? format_span_cell(static_cast<double>(*lane.quiet_ns)) : "–",
               format_count(lane.dropped), format_count(lane.torn)});
  }
  if (lanes.empty()) {
    std::printf("no lane was ever claimed: no thread has traced anything yet\n");
  } else {
    std::fputs(lanes.render(0, 100).c_str(), stdout);
  }

  print_in_flight(file, sums);
  for (const bool events : {false, true}) {
    Table table({{events ? "event" : "operation", Align::left},
                 {"count"},
                 {"recorded"},
                 {"readable"},
                 {"counted only"},
                 {"errors"},
                 {"mean"},
                 {"sampling", Align::left}});
    for (std::uint16_t id = events ? kFirstEvent : std::uint16_t{0};
         id < (events ? kFirstEvent + kMaxEvents : kFirstEvent); ++id) {
      const TotalsCopy::Entry& entry = sums.totals.entries[id];
      if (entry.recorded + entry.skipped == 0) continue;
      table.row({file.operation_name(id), format_count(entry.recorded + entry.skipped),
                 format_count(entry.recorded), format_count(sums.readable[id]),
                 format_count(entry.skipped), format_count(entry.errors),
                 format_span_cell(mean_ns(file, entry)), sampling(file, id)});
    }
    if (!table.empty()) std::printf("\n%s", table.render(0, 100).c_str());
  }

  const ProcessesLook processes =
      look_at_processes(file.segment(), file.facts().death_marked);
  Table gauges({{"gauge", Align::left}, {"value"}});
  for (std::uint32_t i = 0; i < kMaxGauges; ++i) {
    std::string name;
    if (!read_gauge_name(file.segment(), i, &name)) continue;
    gauges.row({name, format_signed(gauge_value(file.segment(), processes, i))});
  }
  if (!gauges.empty()) std::printf("\n%s", gauges.render(0, 100).c_str());
}

}  // namespace

int inspect(const std::string& ring, const InspectOptions& options) {
  Failure failure;
  Source source = open_source(ring, &failure);
  if (source.file == nullptr) {
    std::fprintf(stderr, "ringside: %s\n", failure.message.c_str());
    return 1;
  }
  const RecordingFacts* recording = source.recording ? &*source.recording : nullptr;
  if (recording != nullptr && options.verify) {
    std::fprintf(stderr,
                 "ringside: %s: found a recording, expected a ring for --verify\n  next: leave it "
                 "out: the checksums of a recording are checked whenever it is read\n",
                 escape_visible(ring).c_str());
    return 2;
  }
  const RingFile& file = *source.file;
  const Sums sums = sum_up(source);
  std::optional<Verified> verified;
  if (options.verify) verified = verify(file);
  if (options.json) {
    print_json(file, sums, verified, recording);
  } else {
    if (recording != nullptr) print_recording(file, *recording);
    print_text(file, sums);
    if (options.names) print_names(file);
    if (options.labels) print_labels(file);
    if (verified) print_verified(*verified);
  }
  say_faults(source);
  return verified && !verified->good() ? 1 : 0;
}

}  // namespace ringside::tool
