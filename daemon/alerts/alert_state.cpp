// The engine's part of the state file, in its codec (daemon/storage/codec.h): episodes, the
// transitions that a snapshot shows, and what the rules remember. What is normal comes last.
#include "daemon/alerts/alert_engine.h"
#include "daemon/alerts/state_parts.h"
#include "daemon/storage/codec.h"

namespace ringside {
namespace {

// Bounds on what damaged bytes can make decode() allocate. An engine never has as many.
constexpr std::uint64_t kMostEpisodes = 1'048'576;
constexpr std::uint64_t kMostRings = 65'536;
constexpr std::uint64_t kMostProcesses = 65'536;
constexpr std::uint64_t kMostLanes = 1'048'576;
// The fewest bytes that one can have: each number is one byte, each text is empty.
constexpr std::size_t kRingBytes = 8;
constexpr std::size_t kEpisodeBytes = 73;
constexpr std::size_t kProcessBytes = 1 + 3 * Growth::kGrowthWindows;
constexpr std::size_t kLaneBytes = 20;

constexpr std::uint64_t RuleMemory::Ring::*kCounts[] = {
    &RuleMemory::Ring::crashes,
    &RuleMemory::Ring::untraced_records,
    &RuleMemory::Ring::lost,
    &RuleMemory::Ring::torn,
    &RuleMemory::Ring::rejected,
    &RuleMemory::Ring::breaker_opened,
    &RuleMemory::Ring::database_errors,
};
static_assert(sizeof(RuleMemory::Ring) == std::size(kCounts) * sizeof(std::uint64_t));

void put_reading(Encoder& out, const Reading& r) {
  put(out, r.alert);
  out.text(r.figure);
  out.text(r.operation);
  out.text(r.ring);
  out.real(*r.value);
  put(out, r.unit);
  out.flag(r.certain);
  for (const auto& bounds : r.levels.bounds) {
    out.flag(bounds.has_value());
    if (bounds) out.real(bounds->raise);
    if (bounds) out.real(bounds->clear);
  }
  out.text(r.text);
}
Reading take_reading(Decoder& in) {
  Reading r;
  r.alert = take<AlertType>(in, kAlertTypes);
  r.figure = in.text();
  r.operation = in.text();
  r.ring = in.text();
  r.value = in.real();
  r.unit = take<AlertUnit>(in, kAlertUnits);
  r.certain = in.flag();
  for (auto& bounds : r.levels.bounds) {
    if (!in.flag()) continue;
    const double raise = in.real();
    bounds = LevelBounds{raise, in.real()};
  }
  r.text = in.text();
  return r;
}

void put_view(Encoder& out, const IncidentView& view) {
  out.text(view.id);
  out.text(view.ring);
  put_transition(out, view.cause);
  put(out, view.level);
  put(out, view.peak);
  out.i64(view.began_wall_ns);
  out.i64(view.ended_wall_ns);
  out.u64(view.flaps);
  for (const auto* list : {&view.symptoms, &view.operations}) {
    out.u64(list->size());
    for (const std::string& text : *list) out.text(text);
  }
  out.u64(view.failed_calls);
  out.u64(view.users);
  out.flag(view.acknowledged);
  out.flag(view.silenced);
  out.text(view.acknowledged_by);
}
IncidentView take_view(Decoder& in) {
  IncidentView view;
  view.id = in.text();
  view.ring = in.text();
  view.cause = take_transition(in);
  view.level = take<AlertLevel>(in, kAlertLevels);
  view.peak = take<AlertLevel>(in, kAlertLevels);
  view.began_wall_ns = in.i64();
  view.ended_wall_ns = in.i64();
  view.flaps = in.u64();
  for (auto* list : {&view.symptoms, &view.operations}) {
    for (std::uint64_t n = in.count(1, kMostEpisodes); n > 0 && in.good(); --n)
      list->push_back(in.text());
  }
  view.failed_calls = in.u64();
  view.users = in.u64();
  view.acknowledged = in.flag();
  view.silenced = in.flag();
  view.acknowledged_by = in.text();
  return view;
}

void put_processes(Encoder& out, const RuleMemory& memory) {
  out.u64(memory.processes.size());
  for (const auto& [key, process] : memory.processes) {
    out.text(key);
    for (const Growth* growth : {&process.resident, &process.open_files, &process.threads})
      growth->encode(out);
  }
  out.u64(memory.lanes.size());
  for (const auto& [key, lane] : memory.lanes) {
    out.text(key);
    out.text(lane.operation);
    out.u64(lane.written);
    out.u64(lane.generation);
    out.real(lane.age_s);
    out.real(lane.held_s);
  }
}
void take_processes(Decoder& in, RuleMemory& memory) {
  for (std::uint64_t n = in.count(kProcessBytes, kMostProcesses); n > 0 && in.good(); --n) {
    RuleMemory::Process& process = memory.processes[in.text()];
    for (Growth* growth : {&process.resident, &process.open_files, &process.threads})
      growth->decode(in);
  }
  for (std::uint64_t n = in.count(kLaneBytes, kMostLanes); n > 0 && in.good(); --n) {
    RuleMemory::Lane& lane = memory.lanes[in.text()];
    lane.operation = in.text();
    lane.written = in.u64();
    lane.generation = in.u64();
    lane.age_s = in.real();
    lane.held_s = in.real();
  }
}

}  // namespace

std::string AlertEngine::encode() const {
  Encoder out;
  put_observed(out, observed_ns_);
  out.u64(last_id_);
  out.u64(forgotten_);
  out.u64(memory_.rings.size());
  for (const auto& [name, ring] : memory_.rings) {
    out.text(name);
    for (const auto count : kCounts) out.u64(ring.*count);
  }
  out.u64(recent_.size());
  for (const AlertTransition& t : recent_) put_transition(out, t);
  out.u64(episodes_.size());
  for (const auto& [key, e] : episodes_) {
    out.text(e.id);
    put_reading(out, e.reading);
    put(out, e.state);
    put(out, e.level);
    for (const std::uint64_t bits : e.over) out.u64(bits);
    for (const auto& since : e.below_since_ns) put_optional(out, since);
    put_observed(out, e.began_ns);
    out.i64(e.began_wall_ns);
    out.real(e.worst);
    put_optional(out, e.missing_since_ns);
    put_optional(out, e.said_missing_ns);
    put_transition(out, e.last);
    out.text(e.returns);
  }
  put_kept(out);
  incidents_.encode(out);
  handling_.encode(out);
  memory_.normals.encode(out);
  put_processes(out, memory_);
  memory_.slo.encode(out);
  return out.take();
}

// What is over, and what returns.
void AlertEngine::put_kept(Encoder& out) const {
  out.u64(resolved_.size());
  for (const AlertView& view : resolved_) {
    put_transition(out, view.last);
    out.i64(view.since_wall_ns);
    for (const bool flag : {view.flags.acknowledged, view.flags.silenced, view.flags.inhibited,
                            view.flags.flapping, view.flags.stale})
      out.flag(flag);
    out.text(view.acknowledged_by);
    out.text(view.returns);
  }
  out.u64(cleared_.size());
  for (const auto& [key, cleared] : cleared_) {
    out.text(key);
    out.text(cleared.id);
    put_observed(out, cleared.at_ns);
  }
  out.u64(firings_.size());
  for (const auto& [key, times] : firings_) {
    out.text(key);
    out.u64(times.size());
    for (const std::int64_t time : times) put_observed(out, time);
  }
}

AlertEngine::Kept AlertEngine::take_kept(Decoder& in) {
  Kept kept;
  for (std::uint64_t n = in.count(kTransitionBytes + 8, kResolvedKept); n > 0 && in.good(); --n) {
    AlertView view;
    view.last = take_transition(in);
    view.since_wall_ns = in.i64();
    for (bool* flag : {&view.flags.acknowledged, &view.flags.silenced, &view.flags.inhibited,
                       &view.flags.flapping, &view.flags.stale})
      *flag = in.flag();
    view.acknowledged_by = in.text();
    view.returns = in.text();
    kept.resolved.push_back(std::move(view));
  }
  for (std::uint64_t n = in.count(3, kMostEpisodes); n > 0 && in.good(); --n) {
    const std::string key = in.text();
    kept.cleared[key].id = in.text();
    kept.cleared[key].at_ns = take_observed(in);
  }
  for (std::uint64_t n = in.count(2, kMostEpisodes); n > 0 && in.good(); --n) {
    std::deque<std::int64_t>& times = kept.firings[in.text()];
    for (std::uint64_t m = in.count(1, kMostEpisodes); m > 0 && in.good(); --m)
      times.push_back(take_observed(in));
  }
  return kept;
}

bool AlertEngine::decode(std::string_view bytes, std::string* why) {
  Decoder in(bytes);
  const std::int64_t observed_ns = take_observed(in);
  const std::uint64_t last_id = in.u64();
  const std::uint64_t forgotten = in.u64();
  RuleMemory memory;
  for (std::uint64_t n = in.count(kRingBytes, kMostRings); n > 0 && in.good(); --n) {
    const std::string name = in.text();
    for (const auto count : kCounts) memory.rings[name].*count = in.u64();
  }
  std::deque<AlertTransition> recent;
  for (std::uint64_t n = in.count(kTransitionBytes, kTransitionsKept); n > 0 && in.good(); --n)
    recent.push_back(take_transition(in));
  std::map<std::string, Episode> episodes;
  for (std::uint64_t n = in.count(kEpisodeBytes, kMostEpisodes); n > 0 && in.good(); --n) {
    Episode e;
    e.id = in.text();
    e.reading = take_reading(in);
    e.state = take<AlertState>(in, kEpisodeStates);
    e.level = take<AlertLevel>(in, kAlertLevels);
    for (std::uint64_t& bits : e.over) bits = in.u64();
    for (auto& since : e.below_since_ns) since = take_optional(in);
    e.began_ns = take_observed(in);
    e.began_wall_ns = in.i64();
    e.worst = in.real();
    e.missing_since_ns = take_optional(in);
    e.said_missing_ns = take_optional(in);
    e.last = take_transition(in);
    e.returns = in.text();
    std::string key = e.reading.key();
    episodes.emplace(std::move(key), std::move(e));
  }
  Kept kept = take_kept(in);
  Incidents incidents;
  incidents.decode(in);
  Handling handling;
  handling.decode(in);
  memory.normals.decode(in);
  take_processes(in, memory);
  memory.slo.decode(in);
  if (!in.at_end()) {
    if (why != nullptr) *why = "the state is damaged: its alerts are not whole";
    return false;
  }
  episodes_ = std::move(episodes);
  recent_ = std::move(recent);
  incidents_ = std::move(incidents);
  handling_ = std::move(handling);
  resolved_ = std::move(kept.resolved);
  cleared_ = std::move(kept.cleared);
  firings_ = std::move(kept.firings);
  memory_ = std::move(memory);
  observed_ns_ = observed_ns;
  last_id_ = last_id;
  forgotten_ = forgotten;
  return true;
}

void Incidents::encode(Encoder& out) const {
  out.u64(errors_before_.size());
  for (const auto& [ring, errors] : errors_before_) {
    out.text(ring);
    out.u64(errors);
  }
  out.u64(over_.size());
  for (const Over& over : over_) {
    put_view(out, over.view);
    out.i64(over.told_wall_ns);
  }
  out.u64(open_.size());
  for (const Incident& i : open_) {
    out.text(i.id);
    out.text(i.cause);
    out.u64(i.members.size());
    for (const auto& [key, member] : i.members) {
      out.text(key);
      put_transition(out, member.last);
      out.flag(member.active);
    }
    out.i64(i.began_wall_ns);
    put_observed(out, i.began_ns);
    put_optional(out, i.calm_since_ns);
    out.i64(i.calm_wall_ns);
    put_optional(out, i.quiet_since_ns);
    put(out, i.told);
    put(out, i.peak);
    out.u64(i.rises);
    out.u64(i.flaps);
    out.u64(i.failed);
    out.u64(i.operations.size());
    for (const std::string& operation : i.operations) out.text(operation);
    out.u64(i.users.size());
    for (const std::uint64_t user : i.users) out.u64(user);
    put_observed(out, i.told_ns);
    out.flag(i.heard);
    out.text(i.cleared_by);
  }
}

void Incidents::decode(Decoder& in) {
  for (std::uint64_t n = in.count(2, kMostRings); n > 0 && in.good(); --n) {
    const std::string ring = in.text();
    errors_before_[ring] = in.u64();
  }
  for (std::uint64_t n = in.count(kTransitionBytes + 14, kMostEpisodes); n > 0 && in.good(); --n) {
    IncidentView view = take_view(in);
    over_.push_back({std::move(view), in.i64()});
  }
  for (std::uint64_t n = in.count(kTransitionBytes + 18, kMostEpisodes); n > 0 && in.good(); --n) {
    Incident i;
    i.id = in.text();
    i.cause = in.text();
    for (std::uint64_t m = in.count(kTransitionBytes + 2, kMostEpisodes); m > 0 && in.good(); --m) {
      const std::string key = in.text();
      AlertTransition last = take_transition(in);
      i.members[key] = {std::move(last), in.flag()};
    }
    if (!i.members.contains(i.cause)) in.fail();
    i.began_wall_ns = in.i64();
    i.began_ns = take_observed(in);
    i.calm_since_ns = take_optional(in);
    i.calm_wall_ns = in.i64();
    i.quiet_since_ns = take_optional(in);
    i.told = take<AlertLevel>(in, kAlertLevels);
    i.peak = take<AlertLevel>(in, kAlertLevels);
    i.rises = in.u64();
    i.flaps = in.u64();
    i.failed = in.u64();
    for (std::uint64_t m = in.count(1, kMostEpisodes); m > 0 && in.good(); --m)
      i.operations.insert(in.text());
    for (std::uint64_t m = in.count(1, kMostUsers); m > 0 && in.good(); --m)
      i.users.insert(in.u64());
    i.told_ns = take_observed(in);
    i.heard = in.flag();
    i.cleared_by = in.text();
    i.fresh = false;  // begun is told in the tick in which it begins
    open_.push_back(std::move(i));
  }
}

}  // namespace ringside
