#include "tools/ringside/explain/explanation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "tools/ringside/detail/record_page.h"

namespace ringside::tool {

namespace {

bool of_operation(const Record& record) {
  return record.kind == static_cast<std::uint8_t>(Kind::operation);
}
bool was_timed(const Record& record) { return (record.flags & kFlagUntimed) == 0; }
bool same_place(const Seen& a, const Seen& b) {
  return a.lane == b.lane && a.position == b.position;
}

// Nearest rank. Sorts; 0 of nothing.
std::int64_t quantile(std::vector<std::int64_t>& values, double q) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
  const std::size_t at = std::clamp<std::size_t>(rank, 1, values.size()) - 1;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

void compare_with_others(const RingFile& file, const Seen& seen, const std::vector<Seen>& all,
                         Explanation& out) {
  const std::vector<StagePart> own = stage_parts(file, seen.record);
  std::vector<std::int64_t> spans;
  std::map<std::string, std::vector<std::int64_t>> stages;
  for (const Seen& other : all) {
    if (other.record.operation != seen.record.operation || !of_operation(other.record) ||
        !was_timed(other.record) || same_place(other, seen))
      continue;
    const std::int64_t span = file.scale().span_ns(other.record.duration);
    if (span < file.scale().span_ns(seen.record.duration)) ++out.usual.shorter;
    spans.push_back(span);
    for (StagePart& part : stage_parts(file, other.record)) stages[part.name].push_back(part.ns);
  }
  out.usual.records = spans.size();
  out.usual.median_ns = quantile(spans, 0.5);
  out.usual.p95_ns = quantile(spans, 0.95);
  const auto median_of = [&](const std::string& name) {
    std::vector<std::int64_t>& values = stages[name];
    values.resize(spans.size(), 0);  // the others did not have it
    return quantile(values, 0.5);
  };
  for (const StagePart& part : own)
    out.stages.push_back({part.name, part.ns, median_of(part.name)});
}

void look_around(const RingFile& file, const Seen& seen, const std::vector<Seen>& all,
                 Explanation& out) {
  const Record& record = seen.record;
  std::set<std::uint32_t> lanes;
  const auto overlap = [&](const Seen& other, Companion& companion) {
    const auto began = static_cast<std::int64_t>(other.record.start - record.start);
    std::int64_t ended = 0;
    if (__builtin_add_overflow(began, other.record.duration, &ended)) return false;
    const std::int64_t shared =
        subtract_ns(std::min(ended, record.duration), std::max<std::int64_t>(began, 0));
    companion.began_ns = file.scale().span_ns(began);
    companion.overlap_ns = file.scale().span_ns(shared);
    return shared > 0 || (other.record.duration <= 0 && shared == 0 && ended >= 0);
  };
  for (const Seen& other : all) {
    if (same_place(other, seen) || !was_timed(other.record)) continue;
    Companion companion{other, 0, 0, false, false};
    if (of_operation(other.record)) {
      if (other.lane == seen.lane && other.lane != file.segment().overflow_lane()) continue;
      if (!overlap(other, companion) || companion.overlap_ns <= 0) continue;
      companion.same_subject = record.subject_kind() != SubjectKind::none &&
                               other.record.subject_kind() == record.subject_kind() &&
                               other.record.subject == record.subject;
      companion.same_actor = record.actor_kind() != ActorKind::none &&
                             other.record.actor_kind() == record.actor_kind() &&
                             other.record.actor == record.actor;
      out.on_same_subject += companion.same_subject;
      out.of_same_operation += other.record.operation == record.operation;
      lanes.insert(other.lane);
      out.companions.push_back(companion);
      continue;
    }
    const auto ended = static_cast<std::int64_t>(other.record.end() - record.start);
    if (ended < 0 || ended > record.duration) continue;
    companion.began_ns = file.scale().span_ns(ended);
    out.events.push_back(companion);
  }
  out.threads = lanes.size();
  std::stable_sort(
      out.companions.begin(), out.companions.end(),
      [](const Companion& a, const Companion& b) { return a.overlap_ns > b.overlap_ns; });
  // Its own thread's first, then those that failed: there may be hundreds of others.
  const auto key = [&](const Companion& one) {
    return std::tuple(one.seen.lane != seen.lane, one.seen.record.outcome == 0, one.began_ns);
  };
  std::stable_sort(out.events.begin(), out.events.end(),
                   [&](const Companion& a, const Companion& b) { return key(a) < key(b); });
}

void look_at_what_lasts(const RingFile& file, const Seen& seen, Explanation& out) {
  const Segment& segment = file.segment();
  for (std::uint32_t lane = 0; lane < segment.overflow_lane(); ++lane) {
    if (lane == seen.lane || !lane_readable(segment.lane_header(lane))) continue;
    const InFlight in_flight = in_flight_of(segment, lane);
    if (!in_flight.any) continue;
    const auto began = static_cast<std::int64_t>(in_flight.start - seen.record.start);
    if (began > seen.record.duration) continue;
    out.still.push_back({lane, in_flight.operation, file.scale().span_ns(began)});
  }
  std::sort(out.still.begin(), out.still.end(),
            [](const StillUnderWay& a, const StillUnderWay& b) { return a.began_ns < b.began_ns; });
}

}  // namespace

const StageDifference* Explanation::culprit() const {
  const auto most = std::max_element(
      stages.begin(), stages.end(),
      [](const StageDifference& a, const StageDifference& b) { return a.more_ns() < b.more_ns(); });
  return most != stages.end() && usual.records > 0 && most->more_ns() > 0 ? &*most : nullptr;
}

Explanation explain_record(const RingFile& file, const Seen& seen, const std::vector<Seen>& all) {
  Explanation out;
  compare_with_others(file, seen, all, out);
  look_around(file, seen, all, out);
  look_at_what_lasts(file, seen, out);
  return out;
}

const Seen* slowest_of(const std::vector<const Seen*>& candidates) {
  const Seen* slowest = nullptr;
  for (const Seen* seen : candidates) {
    if (!of_operation(seen->record) || !was_timed(seen->record)) continue;
    if (slowest == nullptr || seen->record.duration > slowest->record.duration) slowest = seen;
  }
  return slowest;
}

}  // namespace ringside::tool
