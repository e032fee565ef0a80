// Windows by looking at all records, one after the other. It is slow and simple, and shares no code
// with the daemon.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "report/model/windows.h"
#include "shm/record.h"

namespace ringside::test {

// One record, or a number of operations without records, and where it counts.
struct SeriesPart {
  enum class When { slice, future, history } when = When::slice;
  std::int64_t slice = 0;
  Record record{};
  std::uint64_t skipped = 0;  // not 0: there is no record
};

inline Record random_record(std::mt19937_64& random) {
  Record out{};
  out.outcome = static_cast<std::uint8_t>(random() % 3 == 0 ? random() % kOutcomeCount : 0);
  out.kind = static_cast<std::uint8_t>(random() % 3 == 0 ? Kind::event : Kind::operation);
  // From a nanosecond to two days. Each tenth is negative.
  out.duration =
      static_cast<std::int64_t>(std::exp2(static_cast<double>(random() % 4740) / 100.0)) - 1;
  if (random() % 10 == 0) out.duration = -out.duration;
  if (random() % 8 == 0) out.flags = kFlagUntimed;
  if (out.kind == static_cast<std::uint8_t>(Kind::event)) {
    out.event.value = static_cast<std::int64_t>(random() % 2001) - 1000;
  } else if (random() % 2 == 0) {
    out.flags |= kFlagStages;
    for (unsigned i = 0; i < kStageCount; ++i) {
      if (random() % 4 != 0) out.set_stage(i, pack_stage_ticks(std::uint64_t{1} << random() % 40));
    }
  }
  return out;
}

inline std::int64_t floored(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(std::floor(static_cast<double>(a) / static_cast<double>(b)));
}
inline bool part_in_window(const SeriesPart& part, Window window, std::int64_t now) {
  if (window == Window::since_start) return true;
  if (part.when != SeriesPart::When::slice) return false;
  if (window == Window::minute) return now - part.slice < 12;
  if (window == Window::five_minutes) return now - part.slice < 60;
  return floored(now, 12) - floored(part.slice, 12) < 60;
}
inline int bucket_of_ns(std::int64_t ns) {
  if (ns == 0) return kMinBucket;
  const long double octaves = std::log2(static_cast<long double>(ns) / 1e9L);
  return std::clamp(static_cast<int>(std::ceil(32 * octaves)), kMinBucket, kMaxBucket);
}

// Those parts for which `in_window` is true.
template <typename InWindow>
WindowStats summed_up(const std::vector<SeriesPart>& all, const InWindow& in_window) {
  WindowStats out;
  std::map<int, std::uint64_t> buckets;
  std::vector<std::uint64_t> spans;
  for (const SeriesPart& part : all) {
    if (!in_window(part)) continue;
    if (part.when == SeriesPart::When::history)
      out.history += std::max<std::uint64_t>(1, part.skipped);
    out.skipped += part.skipped;
    if (part.skipped > 0) continue;
    const Record& record = part.record;
    ++out.recorded;
    ++out.outcomes[record.outcome];
    out.errors += record.outcome == 1 || record.outcome == 2;
    out.refused += record.outcome >= 3 && record.outcome <= 5;
    if ((record.flags & kFlagUntimed) != 0) continue;
    ++out.timed;
    out.negative += record.duration < 0;
    spans.push_back(static_cast<std::uint64_t>(std::max<std::int64_t>(record.duration, 0)));
    ++buckets[bucket_of_ns(static_cast<std::int64_t>(spans.back()))];
    if (record.kind == static_cast<std::uint8_t>(Kind::event)) out.value_sum += record.event.value;
    if ((record.flags & kFlagStages) == 0) continue;
    for (std::size_t i = 0; i < kStageCount; ++i) {
      const std::uint64_t ns = unpack_stage_ticks(record.stage(i));
      out.stages[i].count += ns > 0;
      out.stages[i].sum_ns += ns;
      out.stages[i].max_ns = std::max(out.stages[i].max_ns, ns);
    }
  }
  std::sort(spans.begin(), spans.end());
  for (const std::uint64_t span : spans) out.sum_ns += span;
  if (!spans.empty()) {
    out.min_ns = spans.front();
    out.max_ns = spans.back();
  }
  for (const auto& [index, count] : buckets)
    out.latency.buckets.push_back({static_cast<std::int16_t>(index), count});
  return out;
}

inline WindowStats summed_up(const std::vector<SeriesPart>& all, Window window, std::int64_t now) {
  return summed_up(all, [&](const SeriesPart& part) { return part_in_window(part, window, now); });
}
// The last `slices` before the present one, and the present one.
inline WindowStats summed_up_latest(const std::vector<SeriesPart>& all, std::int64_t slices,
                                    std::int64_t now) {
  return summed_up(all, [&](const SeriesPart& part) {
    return part.when == SeriesPart::When::slice && now - part.slice <= slices;
  });
}

inline void check_stats(const WindowStats& got, const WindowStats& want) {
  CHECK(got.recorded == want.recorded);
  CHECK(got.skipped == want.skipped);
  CHECK(got.history == want.history);
  CHECK(got.errors == want.errors);
  CHECK(got.refused == want.refused);
  CHECK(got.timed == want.timed);
  CHECK(got.negative == want.negative);
  CHECK(got.outcomes == want.outcomes);
  CHECK(got.sum_ns == want.sum_ns);
  CHECK(got.min_ns == want.min_ns);
  CHECK(got.max_ns == want.max_ns);
  CHECK(got.value_sum == want.value_sum);
  for (std::size_t i = 0; i < kStageCount; ++i) {
    CHECK(got.stages[i].count == want.stages[i].count);
    CHECK(got.stages[i].sum_ns == want.stages[i].sum_ns);
    CHECK(got.stages[i].max_ns == want.stages[i].max_ns);
  }
  CHECK(got.latency.buckets == want.latency.buckets);
}

}  // namespace ringside::test
