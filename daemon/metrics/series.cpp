#include "daemon/metrics/series.h"

namespace ringside {

std::size_t Series::place_of(std::int64_t number, std::size_t size) {
  const auto modulus = static_cast<std::int64_t>(size);
  return static_cast<std::size_t>(((number % modulus) + modulus) % modulus);
}

std::int64_t Series::minute_of(std::int64_t slice) {
  return slice / kSlicesPerMinute - (slice % kSlicesPerMinute < 0 ? 1 : 0);
}

std::int64_t Series::first_slice(Window window, std::int64_t now_slice) {
  switch (window) {
    case Window::since_start: break;
    case Window::minute: return now_slice - kSlicesPerMinute + 1;
    case Window::five_minutes: return now_slice - 5 * kSlicesPerMinute + 1;
    case Window::hour: return (minute_of(now_slice) - 59) * kSlicesPerMinute;
  }
  return INT64_MIN;
}

void Series::put(Kept& kept, std::int64_t number, const StoredSlice& part) {
  if (kept.number != number || kept.stats == nullptr) {
    kept.number = number;
    kept.stats = std::make_unique<StoredSlice>(part);
  } else {
    kept.stats->add(part);
  }
}

void Series::store(std::int64_t slice, std::int64_t now_slice, const StoredSlice& part) {
  if (part.empty()) return;
  // A slice ahead of now belongs to no window yet. A slice older than the ring of slices would push
  // out a newer one. Both only count since start.
  if (slice <= now_slice && slice >= first_slice(Window::five_minutes, now_slice)) {
    put(fine_[place_of(slice, kFine)], slice, part);
  }
  if (slice <= now_slice && slice >= first_slice(Window::hour, now_slice)) {
    put(coarse_[place_of(minute_of(slice), kCoarse)], minute_of(slice), part);
  }
  store_since_start(part);
}

void Series::store_since_start(const StoredSlice& part) {
  for (const StoredSlice::Bucket& bucket : part.buckets)
    since_start_buckets_[bucket.index] += bucket.count;
  since_start_.add_all_but_buckets(part);
}

void Series::roll(std::int64_t from, std::int64_t to, const TickScale& scale) {
  if (to <= from) return;
  if (!previous_.empty()) store(from - 1, to, StoredSlice::of(previous_, scale));
  if (to == from + 1) {
    previous_ = current_;
  } else {
    if (!current_.empty()) store(from, to, StoredSlice::of(current_, scale));
    previous_.clear();
  }
  current_.clear();
  // Forget the slices that have left the windows, so that memory follows the traffic.
  for (Kept& kept : fine_) {
    if (kept.stats != nullptr && kept.number < first_slice(Window::five_minutes, to)) kept = Kept{};
  }
  for (Kept& kept : coarse_) {
    if (kept.stats != nullptr && kept.number < minute_of(to) - 59) kept = Kept{};
  }
}

void Series::flush(std::int64_t now_slice, const TickScale& scale) {
  if (!previous_.empty()) store(now_slice - 1, now_slice, StoredSlice::of(previous_, scale));
  if (!current_.empty()) store(now_slice, now_slice, StoredSlice::of(current_, scale));
  previous_.clear();
  current_.clear();
}

void Series::add_late(std::int64_t slice, std::int64_t now_slice, const StoredSlice& part) {
  store(slice, now_slice, part);
}

void Series::add_history(const StoredSlice& part) {
  history_ += part.recorded() + part.skipped;
  store_since_start(part);
}

void Series::add_skipped(std::int64_t now_slice, std::uint64_t count) {
  StoredSlice part;
  part.skipped = count;
  store(now_slice, now_slice, part);
}

void Series::add_skipped_sometime(std::uint64_t count) { since_start_.skipped += count; }

void Series::add_skipped_history(std::uint64_t count) {
  since_start_.skipped += count;
  history_ += count;
}

void Series::sum(Window window, std::int64_t now_slice, const TickScale& scale,
                 WindowSum& into) const {
  const std::int64_t first = first_slice(window, now_slice);
  switch (window) {
    case Window::since_start:
      into.add(since_start_);
      into.add_histogram(since_start_buckets_);
      into.add_history(history_);
      break;
    case Window::minute:
    case Window::five_minutes: add_fine(first, now_slice, into); break;
    case Window::hour:
      for (const Kept& kept : coarse_) {
        if (kept.stats != nullptr && kept.number >= minute_of(first) &&
            kept.number <= minute_of(now_slice)) {
          into.add(*kept.stats);
        }
      }
      break;
  }
  add_dense(scale, into);
}

void Series::sum_latest(std::int64_t slices, std::int64_t now_slice, const TickScale& scale,
                        WindowSum& into) const {
  add_fine(now_slice - slices, now_slice, into);
  add_dense(scale, into);
}

void Series::sum_minute(std::int64_t minute, std::int64_t now_slice, const TickScale& scale,
                        WindowSum& into) const {
  const Kept& kept = coarse_[place_of(minute, kCoarse)];
  if (kept.stats != nullptr && kept.number == minute) into.add(*kept.stats);
  if (minute_of(now_slice - 1) == minute && !previous_.empty())
    into.add(StoredSlice::of(previous_, scale));
  if (minute_of(now_slice) == minute && !current_.empty())
    into.add(StoredSlice::of(current_, scale));
}

void Series::add_fine(std::int64_t first, std::int64_t now_slice, WindowSum& into) const {
  for (const Kept& kept : fine_) {
    if (kept.stats != nullptr && kept.number >= first && kept.number <= now_slice)
      into.add(*kept.stats);
  }
}

// Every window holds the present slice and the one before it.
void Series::add_dense(const TickScale& scale, WindowSum& into) const {
  if (!previous_.empty()) into.add(StoredSlice::of(previous_, scale));
  if (!current_.empty()) into.add(StoredSlice::of(current_, scale));
}

void Series::hold_sums(WindowStats& since_start) {
  since_start.sum_ns = shown_sum_ns_ = std::max(shown_sum_ns_, since_start.sum_ns);
  for (std::size_t i = 0; i < kStages; ++i) {
    std::uint64_t& shown = shown_stage_sums_ns_[i];
    since_start.stages[i].sum_ns = shown = std::max(shown, since_start.stages[i].sum_ns);
  }
}

std::uint64_t Series::errors_since_start() const {
  std::uint64_t errors = 0;
  for (std::size_t i = 0; i < kOutcomeCount; ++i) {
    if (is_failure(static_cast<RecordOutcome>(i)))
      errors += since_start_.outcomes[i] + previous_.outcomes[i] + current_.outcomes[i];
  }
  return errors;
}

void Series::encode(Encoder& out, std::int64_t now_slice, const TickScale& scale) const {
  // The dense slices are saved as slices that are over. decode() adds them like late ones.
  out.i64(now_slice - 1);
  StoredSlice::of(previous_, scale).encode(out);
  out.i64(now_slice);
  StoredSlice::of(current_, scale).encode(out);
  StoredSlice since = since_start_;
  for (std::size_t i = 0; i < kBucketCount; ++i) {
    std::uint64_t count = since_start_buckets_[i];
    while (count > 0) {
      const auto part = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, UINT32_MAX));
      since.buckets.push_back({static_cast<std::uint16_t>(i), part});
      count -= part;
    }
  }
  since.encode(out);
  out.u64(history_);
  const auto encode_kept = [&out](const auto& ring) {
    std::uint64_t used = 0;
    for (const Kept& kept : ring) used += kept.stats != nullptr;
    out.u64(used);
    for (const Kept& kept : ring) {
      if (kept.stats == nullptr) continue;
      out.i64(kept.number);
      kept.stats->encode(out);
    }
  };
  encode_kept(fine_);
  encode_kept(coarse_);
  out.u64(retired_count);
  out.u64(retired_errors);
  for (const std::uint64_t n : {retired_books.written, retired_books.read, retired_books.lost,
                                retired_books.torn, retired_books.rejected}) {
    out.u64(n);
  }
}

void Series::decode(Decoder& in, std::int64_t now_slice, std::int64_t slice_shift) {
  const std::int64_t previous_number = add_ns(in.i64(), slice_shift);
  const StoredSlice previous = StoredSlice::decode(in);
  const std::int64_t current_number = add_ns(in.i64(), slice_shift);
  const StoredSlice current = StoredSlice::decode(in);
  since_start_ = StoredSlice::decode(in);
  for (const StoredSlice::Bucket& bucket : since_start_.buckets)
    since_start_buckets_[bucket.index] += bucket.count;
  since_start_.buckets.clear();
  history_ = in.u64();
  const auto decode_kept = [&in](auto& ring, std::int64_t shift) {
    const std::uint64_t used = in.count(20, ring.size());
    for (std::uint64_t i = 0; i < used && in.good(); ++i) {
      const std::int64_t number = add_ns(in.i64(), shift);
      StoredSlice stats = StoredSlice::decode(in);
      put(ring[place_of(number, ring.size())], number, stats);
    }
  };
  decode_kept(fine_, slice_shift);
  decode_kept(coarse_, slice_shift / kSlicesPerMinute);
  retired_count = in.u64();
  retired_errors = in.u64();
  for (std::uint64_t* n : {&retired_books.written, &retired_books.read, &retired_books.lost,
                           &retired_books.torn, &retired_books.rejected}) {
    *n = in.u64();
  }
  if (!retired_books.balance()) in.fail();
  if (!in.good()) return;
  store(previous_number, std::max(now_slice, previous_number), previous);
  store(current_number, std::max(now_slice, current_number), current);
}

std::size_t Series::bytes() const {
  std::size_t total = sizeof *this + recent_.bytes();
  for (const Kept& kept : fine_) total += kept.stats != nullptr ? kept.stats->bytes() : 0;
  for (const Kept& kept : coarse_) total += kept.stats != nullptr ? kept.stats->bytes() : 0;
  return total;
}

}  // namespace ringside
