#include "daemon/alerts/slo.h"

#include <fnmatch.h>

#include <algorithm>

namespace ringside {
namespace {

// Bounds on what damaged bytes can make decode() allocate, and on sums of 8,640 slots.
constexpr std::uint64_t kMostSeries = 1'048'576;
constexpr std::uint64_t kMostCalls = std::uint64_t{1} << 48;
constexpr std::int64_t kMostTimeNs = std::int64_t{1} << 62;
constexpr std::int64_t kMostAwayNs = 30 * kDay;
constexpr double kClear = 0.9;

Share minus(const Share& a, const Share& b) { return {a.over - b.over, a.of - b.of}; }

void put_share(Encoder& out, const Share& share) {
  out.u64(share.of);
  out.u64(share.over);
}
Share take_share(Decoder& in) {
  Share share;
  share.of = in.below(kMostCalls);
  share.over = in.below(share.of + 1);
  return share;
}

}  // namespace

void SloLedger::pass(std::uint64_t slot) {
  if (slot <= slot_) return;
  const std::uint64_t from = std::max(slot_ + 1, slot >= kSloSlots ? slot - kSloSlots + 1 : 0);
  for (std::uint64_t s = from; s <= slot; ++s) before_[s % kSloSlots] = now_;
  slot_ = slot;
}

void SloLedger::add(const Share& bad) {
  now_.over += bad.over;
  now_.of += bad.of;
}

Share SloLedger::last(std::size_t slots) const {
  const std::uint64_t back = std::min<std::uint64_t>({slots, kSloSlots - 1, slot_ - first_});
  return minus(now_, before_[(slot_ - back) % kSloSlots]);
}

double SloLedger::known(std::size_t slots) const {
  const std::uint64_t counted = slot_ - first_ + 1;
  return std::min(1.0, static_cast<double>(counted) / static_cast<double>(slots + 1));
}

void SloLedger::encode(Encoder& out) const {
  out.u64(std::min<std::uint64_t>(slot_ - first_, kSloSlots - 1));
  // Always all slots, so that the file does not grow. The oldest comes first.
  for (std::size_t back = kSloSlots; back-- > 0;)
    put_share(out, minus(last(back), back == 0 ? Share{} : last(back - 1)));
}

void SloLedger::decode(Decoder& in, std::uint64_t slot) {
  const std::uint64_t counted = in.below(kSloSlots);
  if (counted > slot) in.fail();
  *this = SloLedger(in.good() ? slot - counted : 0);
  for (std::size_t back = kSloSlots; back-- > 0 && in.good();) {
    const Share share = take_share(in);
    if (back > counted) {
      if (share.of > 0) in.fail();  // of before the first slot
      continue;
    }
    pass(slot - back);
    add(share);
  }
}

bool covers(const ObjectiveConfig& objective, const SeriesView& series,
            const Thresholds& thresholds) {
  if (!objective.ring.empty() && series.ring != objective.ring) return false;
  if (objective.operations.empty()) return thresholds.response_of(series.name, series.declared) > 0;
  return std::any_of(objective.operations.begin(), objective.operations.end(),
                     [&](const std::string& pattern) {
                       return fnmatch(pattern.c_str(), series.name.c_str(), 0) == 0;
                     });
}

Burn burn_of(const SloLedger& ledger, const ObjectiveConfig& objective, const BurnRule& rule,
             double z) {
  Burn burn{rule, ledger.last(rule.long_slots)};
  const double known = ledger.known(rule.long_slots);
  const double limit = rule.limit(objective);
  const Share recent = ledger.last(rule.short_slots);
  burn.times = burn.calls.value() * known / objective.allowed();
  burn.over = burn.calls.over >= objective.least_bad && recent.value() >= limit &&
              wilson_low(burn.calls, z) * known >= limit;
  burn.below = recent.value() < kClear * limit;
  return burn;
}

double budget_used(const SloLedger& ledger, const ObjectiveConfig& objective) {
  constexpr std::size_t kAll = kSloSlots - 1;
  return ledger.last(kAll).value() * ledger.known(kAll) / objective.allowed();
}

void SloMemory::pass(const std::optional<std::int64_t>& passed_ns, std::int64_t wall,
                     std::int64_t tick_ns) {
  std::int64_t step_ns = 0;
  if (passed_ns) {
    step_ns = std::max<std::int64_t>(*passed_ns, 0);
  } else if (wall_ns != 0 && wall > wall_ns) {
    step_ns = wall - wall_ns;
  }
  step_ns = std::min(step_ns, kMostAwayNs);
  missed = step_ns > std::max(kSloSlotNs, 2 * tick_ns);
  time_ns = std::min(time_ns + step_ns, kMostTimeNs);
  wall_ns = std::max<std::int64_t>(wall, 0);
}

void SloMemory::encode(Encoder& out) const {
  out.u64(static_cast<std::uint64_t>(time_ns));
  out.i64(wall_ns);
  out.u64(objectives.size());
  for (const auto& [name, objective] : objectives) {
    out.text(name);
    out.text(objective.definition);
    out.u64(objective.rings.size());
    for (const std::string& ring : objective.rings) out.text(ring);
    out.u64(objective.seen.size());
    for (const Seen& seen : objective.seen) {
      out.text(seen.ring);
      out.text(seen.operation);
      put_share(out, seen.calls);
    }
    objective.ledger.encode(out);
  }
}

void SloMemory::decode(Decoder& in) {
  time_ns = static_cast<std::int64_t>(in.below(static_cast<std::uint64_t>(kMostTimeNs) + 1));
  wall_ns = in.i64();
  if (wall_ns < 0) in.fail();
  for (std::uint64_t n = in.count(2 * kSloSlots + 5, kMostObjectives); n > 0 && in.good(); --n) {
    Objective& objective = objectives[in.text()];
    objective.definition = in.text();
    for (std::uint64_t m = in.count(1, kMostSeries); m > 0 && in.good(); --m)
      objective.rings.push_back(in.text());
    for (std::uint64_t m = in.count(4, kMostSeries); m > 0 && in.good(); --m) {
      Seen seen;
      seen.ring = in.text();
      seen.operation = in.text();
      seen.calls = take_share(in);
      objective.seen.push_back(std::move(seen));
    }
    objective.ledger.decode(in, slot());
  }
}

}  // namespace ringside
