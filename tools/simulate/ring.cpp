#include "tools/simulate/ring.h"

#include <algorithm>

namespace ringside::simulate {
namespace {

std::uint16_t party_flags(const Actor& actor, const Subject& subject) {
  return static_cast<std::uint16_t>(static_cast<unsigned>(actor.kind) |
                                    static_cast<unsigned>(subject.kind) << kFlagSubjectShift);
}

}  // namespace

// The clock of the ring is CLOCK_MONOTONIC, so ticks are nanoseconds.
void Ring::write(const Ended& operation, std::uint32_t lane) {
  const std::uint16_t id = id_of(operation.op);
  Totals& totals = of_id(id);
  ++totals.count;
  if (is_error(operation.outcome)) ++totals.errors;
  const bool timed = sampling_ <= 1 || random_.below(sampling_) == 0;
  if (!timed && operation.outcome == Outcome::ok) {
    ++totals.skipped;
    return;
  }
  Record record{};
  record.operation = id;
  record.kind = static_cast<std::uint8_t>(Kind::operation);
  record.outcome = static_cast<std::uint8_t>(operation.outcome);
  record.error = static_cast<std::uint16_t>(operation.code);
  record.flags = party_flags(operation.actor, operation.subject);
  record.actor = operation.actor.id;
  record.subject = operation.subject.id;
  if (timed) {
    record.start = static_cast<std::uint64_t>(operation.arrived);
    record.duration = operation.ended - operation.arrived;
    record.flags |= kFlagStages;
    for (std::size_t i = 0; i < kStagesOfOp; ++i) {
      const Ns span = std::max<Ns>(operation.stages[i], 0);
      record.set_stage(i, pack_stage_ticks(static_cast<std::uint64_t>(span)));
    }
  } else {
    record.start = static_cast<std::uint64_t>(operation.ended);
    record.flags |= kFlagUntimed;
  }
  put(record, lane);
}

void Ring::write(const Happened& event, std::uint32_t lane) {
  Record record{};
  record.operation = id_of(event.event);
  record.kind = static_cast<std::uint8_t>(Kind::event);
  record.outcome = static_cast<std::uint8_t>(event.outcome);
  record.flags = party_flags(event.actor, event.subject);
  record.actor = event.actor.id;
  record.subject = event.subject.id;
  record.start = static_cast<std::uint64_t>(event.at - event.span);
  record.duration = event.span;
  record.event.value = event.value;
  record.event.context =
      event.during == Op::none ? 0 : static_cast<std::uint16_t>(id_of(event.during) + 1);
  Totals& totals = of_id(record.operation);
  ++totals.count;
  if (is_error(event.outcome)) ++totals.errors;
  put(record, lane);
}

void Ring::put(Record& record, std::uint32_t lane) {
  Totals& totals = of_id(record.operation);
  Books& lane_books = lane_books_[lane];
  record.sequence = 2 * (lane_books.written + 1);
  ++lane_books.written;
  ++totals.books.written;
  if (losing_ > 0 && random_.chance(losing_)) {
    ++lane_books.lost;
    ++totals.books.lost;
    ++totals.new_lost;
  } else {
    unread_[lane].push_back(record);
  }
}

void Ring::begin_instance() {
  totals_.fill({});
  lane_books_.fill({});
}

}  // namespace ringside::simulate
