// One ring's metrics as bytes, and back.
#include <algorithm>

#include "daemon/metrics/ring_metrics.h"
#include "shm/assert.h"

namespace ringside {

namespace {

// A saved list is no longer than this.
constexpr std::uint64_t kMostLast = 1'000'000;

double believable_rate(double ticks_per_second) {
  return ticks_per_second > 0 && ticks_per_second < 1e13 ? ticks_per_second : 0;
}

}  // namespace

void RingMetrics::encode(Encoder& out, std::int64_t wall_minus_monotonic_ns) {
  // end_run() comes before encode().
  RINGSIDE_ASSERT(!in_run_);
  out.u64(static_cast<std::uint64_t>(phase_));
  minutes_.encode(out);
  out.u64(late_);
  out.u64(instance_);
  observed_.encode(out);
  lost_.encode(out);
  out.u64(series_.size());
  for (auto& [key, series] : series_) {
    out.u64(static_cast<std::uint64_t>(key.kind));
    out.text(key.name);
    out.text(series->name().category);
    for (const std::string& stage : series->name().stages) out.text(stage);
    out.u64(series->name().threshold_ns);
    out.u64(series->name().waits_for_client ? 1 : 0);
    series->encode(out, now_slice_, scale_);
    encode_last(out, *series, wall_minus_monotonic_ns);
  }
  // The series in which each id of the present life counts.
  const auto used = [](const Series* series) { return series != nullptr; };
  out.u64(static_cast<std::uint64_t>(std::count_if(by_id_.begin(), by_id_.end(), used)));
  for (std::uint16_t id = 0; id < kIdCount; ++id) {
    if (by_id_[id] == nullptr) continue;
    out.u64(id);
    out.text(by_id_[id]->name().name);
  }
  encode_slowest(out, wall_minus_monotonic_ns);
  blocks_.encode(out);
  failures_from_.encode(out);
  failures_for_.encode(out);
  errors_.encode(out);
  encode_losses(out);
  out.u64(error_names_.size());
  for (const auto& [code, name] : error_names_) {
    out.u64(code);
    out.text(name);
  }
}

void RingMetrics::encode_losses(Encoder& out) const {
  out.u64(losses_.size());
  for (const auto& [key, losses] : losses_) {
    out.u64(static_cast<std::uint64_t>(key.kind));
    out.text(key.name);
    out.u64(losses.known);
    losses.by_minute.encode(out);
  }
}

void RingMetrics::decode_losses(Decoder& in, std::int64_t slice_shift) {
  const std::uint64_t count = in.count(8, kMaxSeries + 2);
  for (std::uint64_t n = 0; n < count && in.good(); ++n) {
    const std::uint64_t kind = in.below(static_cast<std::uint64_t>(Kind::event) + 1);
    SeriesKey key{static_cast<Kind>(kind), in.text()};
    KnownLosses losses;
    losses.known = in.u64();
    losses.by_minute.decode(in, slice_shift);
    if (in.good()) losses_.insert_or_assign(std::move(key), losses);
  }
}

void RingMetrics::encode_last(Encoder& out, const Series& series,
                              std::int64_t wall_minus_monotonic_ns) const {
  const Recent& last = series.recent();
  out.u64(last.size());
  for (std::size_t i = last.size(); i > 0; --i) {
    const Record& record = last.record(i - 1);
    const Recent::Origin& origin = last.origin(i - 1);
    const End end = end_of(record, origin, wall_minus_monotonic_ns);
    const double rate = origin.fixed ? end.ticks_per_second : scale_.ticks_per_second();
    out.raw(&record, sizeof record);
    out.u64(origin.lane);
    out.u64(origin.instance);
    out.i64(end.monotonic_ns);
    out.i64(end.wall_ns);
    out.raw(&rate, sizeof rate);
    const Series* context = origin.fixed ? origin.context : context_of(record);
    out.text(context != nullptr ? context->name().name : "");
  }
}

void RingMetrics::encode_slowest(Encoder& out, std::int64_t wall_minus_monotonic_ns) const {
  const auto encode_one = [&](const Slowest::Entry& entry) {
    const End end = end_of(entry.record, entry, wall_minus_monotonic_ns);
    const double rate = entry.fixed ? end.ticks_per_second : scale_.ticks_per_second();
    out.raw(&entry.record, sizeof entry.record);
    out.text(entry.series->name().name);
    out.u64(entry.span_ns);
    out.i64(end.monotonic_ns);
    out.i64(entry.slice);
    out.u64(entry.lane);
    out.u64(entry.instance);
    out.i64(end.wall_ns);
    out.raw(&rate, sizeof rate);
  };
  std::uint64_t of_hour = 0;
  slowest_.each_of_hour([&](const Slowest::Entry&) { ++of_hour; });
  out.u64(of_hour);
  slowest_.each_of_hour(encode_one);
  out.u64(slowest_.since_start().size());
  for (const Slowest::Entry& entry : slowest_.since_start()) encode_one(entry);
}

void RingMetrics::decode(Decoder& in, std::int64_t now_slice, std::int64_t slice_shift) {
  phase_ = static_cast<std::int64_t>(in.below(kSlicesPerMinute));
  // After a reboot the minutes of the two clocks lie differently.
  aligned_ = slice_shift == 0;
  now_slice += phase_;
  minutes_.decode(in, slice_shift / kSlicesPerMinute);
  late_ = in.u64();
  instance_ = static_cast<std::uint32_t>(in.u64());
  observed_.decode(in, slice_shift * kSliceNs);
  lost_.decode(in, slice_shift);
  const std::uint64_t count = in.count(32, kMaxSeries + 2);
  for (std::uint64_t n = 0; n < count && in.good(); ++n) {
    const std::uint64_t kind = in.u64();
    if (kind != static_cast<std::uint64_t>(Kind::operation) &&
        kind != static_cast<std::uint64_t>(Kind::event))
      in.fail();
    const SeriesKey key{static_cast<Kind>(kind), in.text()};
    NameEntry name;
    name.name = key.name;
    name.category = in.text();
    for (std::string& stage : name.stages) stage = in.text();
    name.threshold_ns = in.u64();
    name.waits_for_client = in.u64() != 0;
    Series* series = series_named(key, name);
    series->decode(in, now_slice, slice_shift);
    decode_last(in, *series, slice_shift);
  }
  const std::uint64_t ids = in.count(2, kIdCount);
  for (std::uint64_t n = 0; n < ids && in.good(); ++n) {
    const std::uint64_t id = in.u64();
    const std::string name = in.text();
    if (id >= kFirstEvent + kMaxEvents) in.fail();
    if (!in.good()) break;
    const Kind kind = id >= kFirstEvent ? Kind::event : Kind::operation;
    by_id_[id] = series_named({kind, name}, {name, {}, {}});
  }
  decode_slowest(in, now_slice, slice_shift);
  blocks_.decode(in, slice_shift * kSliceNs);
  failures_from_.decode(in, slice_shift);
  failures_for_.decode(in, slice_shift);
  errors_.decode(in, slice_shift);
  decode_losses(in, slice_shift);
  const std::uint64_t names = in.count(2, 65536);
  for (std::uint64_t n = 0; n < names && in.good(); ++n) {
    const auto code = static_cast<std::uint16_t>(in.u64());
    error_names_[code] = in.text();
  }
}

void RingMetrics::decode_last(Decoder& in, Series& series, std::int64_t slice_shift) {
  const std::uint64_t last = in.count(sizeof(Record), kMostLast);
  for (std::uint64_t i = 0; i < last && in.good(); ++i) {
    Recent::Entry entry{};
    Recent::Origin& origin = entry.origin;
    in.raw(&entry.record, sizeof entry.record);
    origin.lane = static_cast<std::uint32_t>(in.u64());
    origin.instance = static_cast<std::uint32_t>(in.u64());
    origin.fixed = true;
    origin.end_ns = add_ns(in.i64(), slice_shift * kSliceNs);
    origin.wall_ns = in.i64();
    in.raw(&origin.ticks_per_second, sizeof(double));
    origin.ticks_per_second = believable_rate(origin.ticks_per_second);
    // Operations come before events, so the series of operations exist by now.
    const auto at = series_.find({Kind::operation, in.text()});
    if (at != series_.end()) origin.context = at->second.get();
    if (in.good()) series.recent().restore(entry);
  }
}

void RingMetrics::decode_slowest(Decoder& in, std::int64_t now_slice, std::int64_t slice_shift) {
  const auto decode_all = [&](std::uint64_t most, const auto& restore) {
    const std::uint64_t count = in.count(sizeof(Record), most);
    for (std::uint64_t i = 0; i < count && in.good(); ++i) {
      Slowest::Entry entry{};
      in.raw(&entry.record, sizeof entry.record);
      const std::string name = in.text();
      entry.span_ns = in.u64();
      entry.end_ns = add_ns(in.i64(), slice_shift * kSliceNs);
      entry.slice = add_ns(in.i64(), slice_shift);
      entry.lane = static_cast<std::uint32_t>(in.u64());
      entry.instance = static_cast<std::uint32_t>(in.u64());
      entry.wall_ns = in.i64();
      in.raw(&entry.ticks_per_second, sizeof(double));
      entry.ticks_per_second = believable_rate(entry.ticks_per_second);
      entry.fixed = true;
      if (!in.good()) return;
      const auto at = series_.find({Kind::operation, name});
      if (at == series_.end()) {
        in.fail();
        return;
      }
      entry.series = at->second.get();
      restore(entry);
    }
  };
  decode_all(Slowest::kMostOfHour,
             [&](const Slowest::Entry& entry) { slowest_.restore_of_hour(entry, now_slice); });
  decode_all(Slowest::kMostWanted,
             [&](const Slowest::Entry& entry) { slowest_.restore_since_start(entry); });
}

}  // namespace ringside
