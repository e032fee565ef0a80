// Ringside with std::chrono: a header of its own, because <chrono> takes longer to compile than all
// of ringside.hpp.
#pragma once

#include <chrono>
#include <cstdint>

#include "producer/ringside.hpp"

namespace ringside {
inline namespace RINGSIDE_ABI_NAMESPACE {

// The moment that lies that far back; now for a negative span.
inline Stamp ago(std::chrono::nanoseconds span) noexcept { return ago(span.count()); }

// The stamp of a moment that was read from std::chrono::steady_clock, such as when a message was
// queued. A moment in the future becomes now.
inline Stamp stamp_of(std::chrono::steady_clock::time_point moment) noexcept {
  return ago(std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::steady_clock::now() - moment));
}

// From one stamp to the other; negative when `to` is the earlier one. 0 when one of them is 0, as
// that of an operation which was not timed is, and in a process that is not traced.
inline std::chrono::nanoseconds between(Stamp from, Stamp to) noexcept {
  return std::chrono::nanoseconds(nanoseconds_between(from, to));
}

// An event that lasted that long, and ends now.
inline void event(EventId id, Event fields, std::chrono::nanoseconds duration) noexcept {
  event_since(id, ago(duration), fields);
}

// A declaration whose operations are too slow beyond `threshold`; none for 0 and less.
inline Declaration with_threshold(Declaration declaration, std::chrono::nanoseconds threshold) {
  declaration.threshold_ns =
      threshold.count() > 0 ? static_cast<std::uint64_t>(threshold.count()) : 0;
  return declaration;
}

}  // namespace RINGSIDE_ABI_NAMESPACE
}  // namespace ringside
