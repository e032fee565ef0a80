#include "tools/ringside/autopsy/findings.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "report/model/format.h"
#include "shm/words.h"
#include "tools/ringside/lines/record_lines.h"
#include "tools/ringside/source/newest_end.h"

namespace ringside::tool {

namespace {

std::vector<LaneFindings> find_lanes(const RingFile& file, const std::vector<Seen>& all,
                                     std::size_t each) {
  const Segment& segment = file.segment();
  std::vector<LaneFindings> lanes;
  for (std::uint32_t i = 0; i <= segment.overflow_lane(); ++i) {
    const LaneHeader& header = segment.lane_header(i);
    if (!lane_readable(header)) continue;
    LaneFindings lane;
    lane.lane = i;
    lane.overflow = i == segment.overflow_lane();
    lane.life = header.life();
    lane.tid = header.owner_tid.load(std::memory_order_relaxed);
    lane.thread = escape_visible(lane_thread_name(header));
    lane.written = header.head.load(std::memory_order_acquire);
    lane.torn_before = header.torn.load(std::memory_order_relaxed);
    // Under a living owner the record at head is just being written.
    lane.torn =
        lane.life == LaneLife::dead &&
        lane_remainder(segment.slots(i), header, segment.geometry().capacity(i)) == Remainder::torn;
    lane.in_flight = in_flight_of(segment, i);
    lanes.push_back(std::move(lane));
  }
  for (auto seen = all.rbegin(); seen != all.rend(); ++seen) {
    const auto lane = std::find_if(lanes.begin(), lanes.end(),
                                   [&](const LaneFindings& one) { return one.lane == seen->lane; });
    if (lane != lanes.end() && lane->last.size() < each) lane->last.push_back(*seen);
  }
  return lanes;
}

void find_last_sign(const RingFile& file, const std::vector<Seen>& all, Findings& out) {
  NewestEnd newest(file);
  for (const Seen& seen : all) newest.take(seen.record.end());
  for (const LaneFindings& lane : out.lanes) {
    if (lane.in_flight.any) newest.take(lane.in_flight.start);
  }
  out.any = newest.ticks().has_value();
  out.last_sign_ticks = newest.ticks().value_or(0);
  if (out.any && file.state() == RingState::live) out.last_sign_ticks = file.now_ticks();
}

// The lane that was overwritten most lately bounds the span that all lanes tell of.
std::int64_t span_of_all(const RingFile& file, const std::vector<Seen>& all,
                         const Findings& found) {
  std::int64_t span_ns = kMostSpanNs;
  for (const LaneFindings& lane : found.lanes) {
    const auto oldest = std::find_if(all.begin(), all.end(),
                                     [&](const Seen& seen) { return seen.lane == lane.lane; });
    if (oldest == all.end() || oldest->position == 0) continue;
    span_ns =
        std::min(span_ns, file.scale().span_ns(age_ticks(oldest->record, found.last_sign_ticks)));
  }
  return span_ns;
}

void find_last_span(const RingFile& file, const std::vector<Seen>& all, Findings& out) {
  out.span_ns = span_of_all(file, all, out);
  std::map<std::string, PartyFindings> parties;
  std::map<std::tuple<std::uint16_t, std::uint8_t, std::uint16_t>, std::uint64_t> errors;
  const NewestEnd newest(file);
  for (const Seen& seen : all) {
    const Record& record = seen.record;
    if (!newest.can_be(record.end())) continue;
    if (file.scale().span_ns(age_ticks(record, out.last_sign_ticks)) > out.span_ns) continue;
    ++out.records;
    const bool failed = is_error(static_cast<Outcome>(record.outcome));
    out.failed += failed;
    if (record.outcome != 0) ++errors[{record.operation, record.outcome, record.error}];
    if (record.actor_kind() == ActorKind::none ||
        record.kind != static_cast<std::uint8_t>(Kind::operation))
      continue;
    PartyFindings& party = parties[actor_text(file, record, true)];
    ++party.operations;
    party.failed += failed;
    party.last_ticks = record.end();
  }
  for (auto& [text, party] : parties) {
    party.text = text;
    out.parties.push_back(party);
  }
  std::stable_sort(
      out.parties.begin(), out.parties.end(),
      [](const PartyFindings& a, const PartyFindings& b) { return a.operations > b.operations; });
  for (const auto& [key, count] : errors) {
    out.errors.push_back({file.operation_name(std::get<0>(key)), outcome_word(std::get<1>(key)),
                          error_text(file, std::get<2>(key)), count});
  }
  std::stable_sort(
      out.errors.begin(), out.errors.end(),
      [](const ErrorFindings& a, const ErrorFindings& b) { return a.count > b.count; });
}

}  // namespace

const LaneFindings* Findings::longest_in_flight() const {
  const LaneFindings* longest = nullptr;
  for (const LaneFindings& lane : lanes) {
    if (!lane.in_flight.any) continue;
    if (longest == nullptr || lane.in_flight_ns > longest->in_flight_ns) longest = &lane;
  }
  return longest;
}

std::uint64_t Findings::in_flight() const {
  return static_cast<std::uint64_t>(std::count_if(
      lanes.begin(), lanes.end(), [](const LaneFindings& lane) { return lane.in_flight.any; }));
}

std::uint64_t Findings::torn() const {
  return static_cast<std::uint64_t>(std::count_if(
      lanes.begin(), lanes.end(), [](const LaneFindings& lane) { return lane.torn; }));
}

Findings find(const RingFile& file, const std::vector<Seen>& all, std::size_t each) {
  Findings out;
  out.lanes = find_lanes(file, all, each);
  find_last_sign(file, all, out);
  for (LaneFindings& lane : out.lanes) {
    if (lane.in_flight.any) {
      lane.in_flight_ns = file.scale().span_ns(
          static_cast<std::int64_t>(out.last_sign_ticks - lane.in_flight.start));
    }
    const NewestEnd newest(file);
    const auto last = std::find_if(lane.last.begin(), lane.last.end(), [&](const Seen& seen) {
      return newest.can_be(seen.record.end());
    });
    if (last != lane.last.end())
      lane.last_ns = file.scale().span_ns(age_ticks(last->record, out.last_sign_ticks));
  }
  find_last_span(file, all, out);
  return out;
}

}  // namespace ringside::tool
