#include "tools/ringside/filter/matcher.h"

#include <algorithm>
#include <utility>

#include "tools/ringside/filter/binder.h"

namespace ringside::tool {

namespace {

bool compare(std::int64_t a, Relation relation, std::int64_t b) {
  switch (relation) {
    case Relation::eq:
    case Relation::like: return a == b;
    case Relation::ne:
    case Relation::unlike: return a != b;
    case Relation::lt: return a < b;
    case Relation::le: return a <= b;
    case Relation::gt: return a > b;
    case Relation::ge: return a >= b;
  }
  return false;
}

// Of a relation that has only two sides.
bool negated(Relation relation) { return relation == Relation::ne || relation == Relation::unlike; }

}  // namespace

bool Test::is_one_of(LabelKind kind, std::uint64_t id) const {
  return std::any_of(parties.begin(), parties.end(), [&](const Party& party) {
    return party.any_kind ? kind != LabelKind::none && kind != LabelKind::address && party.id == id
                          : party.kind == kind && (kind == LabelKind::none || party.id == id);
  });
}

bool Test::holds(const Seen& seen, std::uint64_t reference_ticks) const {
  const Record& record = seen.record;
  const bool is_event = record.kind == static_cast<std::uint8_t>(Kind::event);
  const auto one_of = [&](bool found) { return found != negated(relation); };
  switch (field) {
    case Field::failed: return is_error(static_cast<Outcome>(record.outcome));
    case Field::op:
    case Field::category: return one_of(ids[record.operation & (kIdCount - 1)]);
    case Field::kind: return one_of((number == static_cast<std::int64_t>(Kind::event)) == is_event);
    case Field::outcome:
      return one_of(record.outcome < kOutcomeCount && (outcomes >> record.outcome & 1) != 0);
    case Field::error:
      if (by_name) return one_of(std::count(codes.begin(), codes.end(), record.error) > 0);
      return compare(record.error, relation, number);
    case Field::latency:
      // The duration of one that was only counted is not known.
      return (record.flags & kFlagUntimed) == 0 && compare(record.duration, relation, number);
    case Field::age: return compare(age_ticks(record, reference_ticks), relation, number);
    case Field::actor: return one_of(is_one_of(label_kind_of(record.actor_kind()), record.actor));
    case Field::subject:
      return one_of(is_one_of(label_kind_of(record.subject_kind()), record.subject));
    case Field::value: return is_event && compare(record.event.value, relation, number);
    case Field::during:
      return is_event && record.event.context != 0 &&
             one_of(ids[(record.event.context - 1U) & (kIdCount - 1)]);
    case Field::lane: return compare(seen.lane, relation, number);
    case Field::thread: return one_of(seen.lane < lanes.size() && lanes[seen.lane]);
    case Field::position:
      return compare(static_cast<std::int64_t>(seen.position), relation, number);
    case Field::stage: {
      const std::int8_t stage = stage_of[record.operation & (kIdCount - 1)];
      if (is_event || stage < 0 || (record.flags & kFlagStages) == 0) return false;
      const auto ticks =
          static_cast<std::int64_t>(unpack_stage_ticks(record.stage(static_cast<unsigned>(stage))));
      return compare(ticks, relation, number);
    }
  }
  return false;
}

bool BoundWanted::matches(const Seen& seen, std::uint64_t reference_ticks) const {
  const auto part = [&](const BoundWanted& one) { return one.matches(seen, reference_ticks); };
  switch (kind) {
    case Wanted::Kind::all: return std::all_of(parts.begin(), parts.end(), part);
    case Wanted::Kind::any: return std::any_of(parts.begin(), parts.end(), part);
    case Wanted::Kind::none_of: return std::none_of(parts.begin(), parts.end(), part);
    case Wanted::Kind::condition: return test.holds(seen, reference_ticks);
  }
  return false;
}

std::optional<Matcher> Matcher::make(const Wanted& wanted, const RingFile& file,
                                     std::uint64_t reference_ticks, FilterError& error) {
  Matcher matcher;
  matcher.file_ = &file;
  matcher.wanted_ = wanted;
  matcher.reference_ticks_ = reference_ticks;
  if (!bind(wanted, file, reference_ticks, matcher.bound_, error)) return std::nullopt;
  return matcher;
}

void Matcher::refresh() {
  FilterError gone;
  BoundWanted bound;
  // A label may be gone meanwhile. Then those who had it stay wanted.
  if (bind(wanted_, *file_, reference_ticks_, bound, gone)) bound_ = std::move(bound);
}

}  // namespace ringside::tool
