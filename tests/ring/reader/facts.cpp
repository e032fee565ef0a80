// Prints where everything lies and what every number means, according to the compiler: `struct name
// size`, `field struct name offset size` and `value enumeration name number`, one a line.
// page_test.py compares shm/README.md with it.
#include <cstdio>

#include "shm/label_kind.h"
#include "shm/lane_reader.h"
#include "shm/layout.h"

using namespace ringside;

namespace {

void value(const char* enumeration, const char* name, unsigned long long number) {
  std::printf("value %s %s %llu\n", enumeration, name, number);
}

}  // namespace

#define STRUCT(type) std::printf("struct " #type " %zu\n", sizeof(type))
#define FIELD(type, name) \
  std::printf("field " #type " " #name " %zu %zu\n", offsetof(type, name), sizeof(type::name))
#define VALUE(enumeration, name) \
  value(#enumeration, #name, static_cast<unsigned long long>(enumeration::name))
#define CONSTANT(group, name) value(#group, #name, static_cast<unsigned long long>(name))

int main() {
  STRUCT(SegmentHeader);
  FIELD(SegmentHeader, magic);
  FIELD(SegmentHeader, layout_version);
  FIELD(SegmentHeader, byte_order);
  FIELD(SegmentHeader, word_bits);
  FIELD(SegmentHeader, creator_pid);
  FIELD(SegmentHeader, creator_start_time);
  FIELD(SegmentHeader, segment_bytes);
  FIELD(SegmentHeader, lane_count);
  FIELD(SegmentHeader, lane_capacity);
  FIELD(SegmentHeader, overflow_capacity);
  FIELD(SegmentHeader, clock_kind);
  FIELD(SegmentHeader, instance);
  FIELD(SegmentHeader, boot_id);
  FIELD(SegmentHeader, pid_namespace);
  FIELD(SegmentHeader, ticks_per_second);
  FIELD(SegmentHeader, anchor_ticks);
  FIELD(SegmentHeader, anchor_monotonic_ns);
  FIELD(SegmentHeader, anchor_realtime_ns);
  FIELD(SegmentHeader, program);
  FIELD(SegmentHeader, death_marked);
  FIELD(SegmentHeader, file_name);
  FIELD(SegmentHeader, state);
  FIELD(SegmentHeader, reserved_state);
  FIELD(SegmentHeader, untraced_threads);
  FIELD(SegmentHeader, untraced_records);
  FIELD(SegmentHeader, names_refused);
  FIELD(SegmentHeader, names_merged);
  FIELD(SegmentHeader, misused);
  FIELD(SegmentHeader, processes_used);
  FIELD(SegmentHeader, processes_refused);
  FIELD(SegmentHeader, labels_given);
  FIELD(SegmentHeader, labels_dropped);
  FIELD(SegmentHeader, labels_state);
  FIELD(SegmentHeader, reserved_labels);
  FIELD(SegmentHeader, build_id);
  FIELD(SegmentHeader, configuration_digest);
  FIELD(SegmentHeader, reserved_live);
  FIELD(SegmentHeader, registry);
  FIELD(SegmentHeader, reserved_registry);

  STRUCT(OwnerLock);
  FIELD(OwnerLock, word);
  FIELD(OwnerLock, rest);

  STRUCT(Seat);
  FIELD(Seat, lock);
  FIELD(Seat, overflow);
  FIELD(Seat, holder_tid);
  FIELD(Seat, process);
  STRUCT(ProcessEntry);
  FIELD(ProcessEntry, lock);
  FIELD(ProcessEntry, standing);
  FIELD(ProcessEntry, start_time);
  FIELD(ProcessEntry, pid_namespace);
  FIELD(ProcessEntry, pid);
  FIELD(ProcessEntry, left);
  FIELD(ProcessEntry, holder_tid);
  FIELD(ProcessEntry, reserved_holder);
  FIELD(ProcessEntry, reserved);
  FIELD(ProcessEntry, gauges);

  STRUCT(Label);
  FIELD(Label, sequence);
  FIELD(Label, id);
  FIELD(Label, words);

  STRUCT(Control);
  FIELD(Control, enabled);
  FIELD(Control, reserved);
  FIELD(Control, effective);
  FIELD(Control, requested);

  STRUCT(GaugeName);
  FIELD(GaugeName, state);
  FIELD(GaugeName, reserved);
  FIELD(GaugeName, name);
  FIELD(GaugeName, reserved_tail);

  STRUCT(Name);
  FIELD(Name, state);
  FIELD(Name, flags);
  FIELD(Name, threshold_ns);
  FIELD(Name, name);
  FIELD(Name, category);
  FIELD(Name, stages);
  FIELD(Name, reserved);

  STRUCT(ErrorName);
  FIELD(ErrorName, state);
  FIELD(ErrorName, code);
  FIELD(ErrorName, name);

  STRUCT(LaneHeader);
  FIELD(LaneHeader, head);
  FIELD(LaneHeader, dropped);
  FIELD(LaneHeader, in_flight);
  FIELD(LaneHeader, overflow);
  FIELD(LaneHeader, reserved_hot);
  FIELD(LaneHeader, owner);
  FIELD(LaneHeader, state);
  FIELD(LaneHeader, generation);
  FIELD(LaneHeader, torn);
  FIELD(LaneHeader, owner_pid);
  FIELD(LaneHeader, owner_tid);
  FIELD(LaneHeader, owner_start_time);
  FIELD(LaneHeader, thread_name);
  FIELD(LaneHeader, process);
  FIELD(LaneHeader, reserved_cold);

  STRUCT(Totals);
  FIELD(Totals, recorded);
  FIELD(Totals, skipped);
  FIELD(Totals, errors);
  FIELD(Totals, ticks);

  STRUCT(Record);
  FIELD(Record, sequence);
  FIELD(Record, start);
  FIELD(Record, duration);
  FIELD(Record, operation);
  FIELD(Record, kind);
  FIELD(Record, outcome);
  FIELD(Record, flags);
  FIELD(Record, error);
  FIELD(Record, actor);
  FIELD(Record, subject);
  FIELD(Record, stages);

  // These fields are where an operation's stages are.
  STRUCT(EventFields);
  FIELD(EventFields, value);
  FIELD(EventFields, context);
  FIELD(EventFields, reserved);

  VALUE(Outcome, ok);
  VALUE(Outcome, error);
  VALUE(Outcome, timeout);
  VALUE(Outcome, rejected);
  VALUE(Outcome, denied);
  VALUE(Outcome, limited);
  VALUE(Outcome, cancelled);
  VALUE(Kind, operation);
  VALUE(Kind, event);
  VALUE(ActorKind, none);
  VALUE(ActorKind, user);
  VALUE(ActorKind, session);
  VALUE(ActorKind, address);
  VALUE(SubjectKind, none);
  VALUE(SubjectKind, room);
  VALUE(SubjectKind, message);
  VALUE(SubjectKind, user);
  VALUE(SubjectKind, address);
  VALUE(LabelKind, none);
  VALUE(LabelKind, user);
  VALUE(LabelKind, session);
  VALUE(LabelKind, address);
  VALUE(LabelKind, room);
  VALUE(LabelKind, message);
  CONSTANT(LabelsState, kLabelsNever);
  CONSTANT(LabelsState, kLabelsReady);
  VALUE(ClockKind, tsc);
  VALUE(ClockKind, monotonic);
  VALUE(ClockKind, cntvct);
  CONSTANT(LaneState, kNever);
  CONSTANT(LaneState, kReady);
  CONSTANT(ProcessPhase, kPhaseFree);
  CONSTANT(ProcessPhase, kPhaseEntered);
  CONSTANT(ProcessPhase, kPhaseLeft);
  CONSTANT(SegmentState, kSegmentReady);
  CONSTANT(SegmentState, kSegmentClosed);
  CONSTANT(NameState, kNameFree);
  CONSTANT(NameState, kNameWriting);
  CONSTANT(NameState, kNameReady);
  CONSTANT(Misuse, kMisusedId);
  CONSTANT(Misuse, kMisusedOutcome);
  CONSTANT(Misuse, kMisusedStage);
  CONSTANT(Misuse, kMisusedStamp);
  CONSTANT(Flag, kFlagActorMask);
  CONSTANT(Flag, kFlagSubjectMask);
  CONSTANT(Flag, kFlagUntimed);
  CONSTANT(Flag, kFlagStages);
  CONSTANT(Flag, kFlagOverflow);
  CONSTANT(Number, kMagic);
  CONSTANT(Number, kLayoutVersion);
  CONSTANT(Number, kByteOrder);
  CONSTANT(Number, kMaxOperations);
  CONSTANT(Number, kFirstEvent);
  CONSTANT(Number, kMaxEvents);
  CONSTANT(Number, kIdCount);
  CONSTANT(Number, kMaxGauges);
  CONSTANT(Number, kMaxErrorNames);
  CONSTANT(Number, kMaxProcesses);
  CONSTANT(Number, kSeatCount);
  CONSTANT(Number, kLabelSets);
  CONSTANT(Number, kLabelWays);
  CONSTANT(Number, kLabelBytes);
  CONSTANT(Number, kMinLanes);
  CONSTANT(Number, kMaxLanes);
  CONSTANT(Number, kMinCapacity);
  CONSTANT(Number, kMaxCapacity);
  CONSTANT(Number, kPageBytes);
  CONSTANT(Number, kMaxHoles);
  CONSTANT(Number, kControlOffset);
  CONSTANT(Number, kGaugesOffset);
  CONSTANT(Number, kNamesOffset);
  CONSTANT(Number, kErrorNamesOffset);
  CONSTANT(Number, kSeatsOffset);
  CONSTANT(Number, kLaneHeadersOffset);
  return 0;
}
