// The numbers of fields that a trace has: protos/perfetto/trace of the Perfetto repository.
#pragma once

#include <cstdint>
#include <protozero/types.hpp>

namespace ringside::tool {

namespace pf {
using Tag = protozero::pbf_tag_type;
inline constexpr Tag kPacket = 1;  // Trace
// TracePacket
inline constexpr Tag kClockSnapshot = 6, kTimestamp = 8, kSequence = 10, kTrackEvent = 11,
                     kInterned = 12, kSequenceFlags = 13, kDefaults = 59, kTrackDescriptor = 60;
inline constexpr std::uint32_t kStateCleared = 1, kNeedsState = 2;  // sequence_flags
// TracePacketDefaults, TrackEventDefaults
inline constexpr Tag kDefaultClock = 58, kDefaultEvent = 11, kDefaultTrack = 11;
// ClockSnapshot, Clock
inline constexpr Tag kClock = 1, kPrimaryClock = 2, kClockId = 1, kClockTime = 2, kIncremental = 3;
inline constexpr std::uint32_t kRealtime = 1, kMonotonic = 3, kOfSequence = 64;
// TrackDescriptor, ProcessDescriptor, ThreadDescriptor
inline constexpr Tag kUuid = 1, kTrackName = 2, kProcess = 3, kThread = 4, kParent = 5;
inline constexpr Tag kPid = 1, kTid = 2, kThreadName = 5, kProcessName = 6;
// TrackEvent
inline constexpr Tag kCategory = 3, kAnnotation = 4, kType = 9, kName = 10, kFlow = 47,
                     kLastOfFlow = 48;
inline constexpr std::int32_t kSliceBegin = 1, kSliceEnd = 2, kInstant = 3;  // type
// DebugAnnotation
inline constexpr Tag kAnnotationName = 1, kBool = 2, kUint = 3, kInt = 4, kString = 6,
                     kStringIid = 17;
// InternedData, and its entries
inline constexpr Tag kCategories = 1, kNames = 2, kAnnotationNames = 3, kStrings = 29;
inline constexpr Tag kIid = 1, kText = 2;
}  // namespace pf

}  // namespace ringside::tool
