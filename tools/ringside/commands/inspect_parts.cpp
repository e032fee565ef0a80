#include "tools/ringside/commands/inspect_parts.h"

#include <cstdio>

#include "report/model/format.h"

namespace ringside::tool {

nlohmann::json json_of(const Verified& verified) {
  return {{"good", verified.good()},        {"lanes", verified.lanes},
          {"slots", verified.slots},        {"records", verified.records},
          {"half_written", verified.begun}, {"busy_lanes", verified.busy},
          {"faults", verified.faults},      {"more_faults", verified.more_faults}};
}

void print_verified(const Verified& verified) {
  std::printf("\nverified   %s lanes, %s slots, %s records, %s half-written: %s\n",
              format_count(verified.lanes).c_str(), format_count(verified.slots).c_str(),
              format_count(verified.records).c_str(), format_count(verified.begun).c_str(),
              verified.good() ? "good" : "FAULTS");
  if (!verified.busy.empty()) {
    std::printf("           the books of %zu lanes were written on all the time, and not checked\n",
                verified.busy.size());
  }
  for (const std::string& fault : verified.faults) std::printf("  fault    %s\n", fault.c_str());
  if (verified.more_faults > 0)
    std::printf("  and %s more\n", format_count(verified.more_faults).c_str());
}

nlohmann::json recording_json(const RingFile& file, const RecordingFacts& facts) {
  const RecordedCounts& counts = facts.last.counts;
  nlohmann::json out = {
      {"ring", facts.ring},
      {"filter", facts.filter},
      {"bytes", facts.bytes},
      {"begun_wall_ns", facts.first.at.realtime_ns},
      {"until_wall_ns", facts.last.at.realtime_ns},
      {"ended", facts.ended.empty() ? nlohmann::json() : nlohmann::json(facts.ended)},
      {"recorded", counts.recorded},
      {"filtered", counts.filtered},
      {"lost", counts.lost},
      {"earlier", counts.earlier},
      {"marks", nlohmann::json::array()}};
  for (const MarkChunk& mark : facts.marks) {
    out["marks"].push_back({{"condition", mark.condition},
                            {"lane", mark.lane},
                            {"position", mark.position},
                            {"wall_ns", file.wall_ns(mark.end_ticks)}});
  }
  return out;
}

void print_recording(const RingFile& file, const RecordingFacts& facts) {
  const RecordedCounts& counts = facts.last.counts;
  std::printf("recording  of %s, %s, %s to %s\n", escape_visible(facts.ring).c_str(),
              format_bytes(facts.bytes).c_str(), format_wall(facts.first.at.realtime_ns).c_str(),
              format_wall(facts.last.at.realtime_ns).c_str());
  std::printf("ended      %s\n", facts.ended.empty() ? "without an end: it is cut off"
                                                     : escape_visible(facts.ended).c_str());
  if (!facts.filter.empty()) std::printf("filter     %s\n", escape_visible(facts.filter).c_str());
  std::printf("records    %s recorded, %s filtered out, %s lost; %s were gone before\n",
              format_count(counts.recorded).c_str(), format_count(counts.filtered).c_str(),
              format_count(counts.lost).c_str(), format_count(counts.earlier).c_str());
  for (const MarkChunk& mark : facts.marks) {
    std::printf("mark       %s  %u:%llu  %s\n", format_wall(file.wall_ns(mark.end_ticks)).c_str(),
                mark.lane, static_cast<unsigned long long>(mark.position),
                escape_visible(mark.condition).c_str());
  }
}

}  // namespace ringside::tool
