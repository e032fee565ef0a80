// The time over which a ring was observed. A window's count is divided by the part of the window
// that was observed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "daemon/storage/codec.h"
#include "shm/clock.h"

namespace ringside {

// Instants are of CLOCK_MONOTONIC.
class ObservedTime {
 public:
  // From that instant on every record that ends is read, or counted as lost. If observing never
  // stopped, the latest span just goes on.
  void begin(std::int64_t since_ns) {
    going_on_ = true;
    if (!spans_.empty() && since_ns <= spans_.back().until_ns) return;
    spans_.push_back({since_ns, since_ns});
    if (spans_.size() <= kMostSpans) return;
    earlier_ns_ = add_ns(earlier_ns_, length_ns(spans_.front()));
    spans_.erase(spans_.begin());
  }
  // Observing ended at that instant. The latest span is cut if it was extended further.
  void end(std::int64_t until_ns) {
    going_on_ = false;
    if (!spans_.empty()) {
      Span& last = spans_.back();
      last.until_ns = std::clamp(until_ns, last.since_ns, last.until_ns);
    }
  }
  // Extends the latest span to now, unless observing has ended.
  void extend(std::int64_t now_ns) {
    if (going_on_ && !spans_.empty())
      spans_.back().until_ns = std::max(spans_.back().until_ns, now_ns);
  }

  // The beginning of the latest span. A record that ended earlier is history. INT64_MIN before
  // begin().
  std::int64_t since_ns() const { return spans_.empty() ? INT64_MIN : spans_.back().since_ns; }
  bool going_on() const { return going_on_; }
  // The length of the spans that are over.
  std::int64_t before_ns() const {
    std::int64_t total_ns = earlier_ns_;
    for (const Span& span : spans_) {
      if (!going_on_ || &span != &spans_.back()) total_ns = add_ns(total_ns, length_ns(span));
    }
    return total_ns;
  }
  // The end of the latest span. INT64_MIN before begin().
  std::int64_t until_ns() const { return spans_.empty() ? INT64_MIN : spans_.back().until_ns; }
  double seconds_since(std::int64_t from_ns) const {
    std::int64_t total_ns = 0;
    for (const Span& span : spans_) {
      total_ns = add_ns(total_ns, length_ns({std::max(span.since_ns, from_ns), span.until_ns}));
    }
    return static_cast<double>(total_ns) / 1e9;
  }
  double seconds_between(std::int64_t from_ns, std::int64_t until_ns) const {
    std::int64_t total_ns = 0;
    for (const Span& span : spans_) {
      total_ns =
          add_ns(total_ns,
                 length_ns({std::max(span.since_ns, from_ns), std::min(span.until_ns, until_ns)}));
    }
    return static_cast<double>(total_ns) / 1e9;
  }
  double seconds() const {
    return seconds_since(INT64_MIN) + static_cast<double>(earlier_ns_) / 1e9;
  }

  void encode(Encoder& out) const {
    out.i64(earlier_ns_);
    out.u64(spans_.size());
    for (const Span& span : spans_) {
      out.i64(span.since_ns);
      out.i64(span.until_ns);
    }
  }
  void decode(Decoder& in, std::int64_t shift_ns) {
    earlier_ns_ = std::max<std::int64_t>(0, in.i64());
    const std::uint64_t count = in.count(2, kMostSpans);
    for (std::uint64_t n = 0; n < count && in.good(); ++n) {
      const std::int64_t since_ns = add_ns(in.i64(), shift_ns);
      const std::int64_t until_ns = add_ns(in.i64(), shift_ns);
      if (until_ns < since_ns || (!spans_.empty() && since_ns < spans_.back().until_ns)) in.fail();
      if (in.good()) spans_.push_back({since_ns, until_ns});
    }
  }

 private:
  struct Span {
    std::int64_t since_ns;
    std::int64_t until_ns;
  };
  static std::int64_t length_ns(const Span& span) {
    return std::max<std::int64_t>(0, subtract_ns(span.until_ns, span.since_ns));
  }
  // With more spans than this, the oldest is no longer kept singly. If it was in the last hour, the
  // hour's rate is less exact.
  static constexpr std::size_t kMostSpans = 64;

  bool going_on_ = false;         // false while a restored state waits for its ring
  std::int64_t earlier_ns_ = 0;   // of spans that are no longer kept singly
  std::vector<Span> spans_;       // the earliest first, with gaps between them
};

}  // namespace ringside
