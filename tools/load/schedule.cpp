#include "tools/load/schedule.h"

#include <algorithm>
#include <cmath>

namespace ringside::load {

Schedule::Schedule(std::uint64_t seed, const Mix& mix, std::uint32_t clients, double rate_per_s)
    : seed_(Rng(seed).next()),
      clients_(clients),
      doors_(rate_per_s > 0 && clients >= 8 ? std::max(1U, clients / 64) : 0),
      mean_gap_ns_(rate_per_s > 0 ? 1e9 / rate_per_s : 0) {
  double sum = 0;
  const double total = mix.total();
  for (std::size_t i = 0; i < kOpCount; ++i) {
    sum += mix.weights[i] / total;
    cumulative_[i] = sum;
  }
}

Plan Schedule::at(std::uint64_t number) const {
  // The hash of (seed, number) lets every thread compute any operation without those before it.
  Rng rng(seed_ ^ (number * 0xd1342543de82ef95U));
  Plan plan;
  plan.number = number;
  const double point = rng.uniform();
  const double* found = std::upper_bound(cumulative_, cumulative_ + kOpCount, point);
  std::size_t op = static_cast<std::size_t>(found - cumulative_);
  // The sum of the shares may be rounded to just below 1, and the point may lie above it.
  if (op == kOpCount) {
    op = kOpCount - 1;
    while (op > 0 && cumulative_[op] == cumulative_[op - 1]) --op;
  }
  plan.op = static_cast<Op>(op);
  plan.by_password = plan.op == Op::AUTHENTICATION && rng.below(10) == 0;
  if (mean_gap_ns_ > 0) {
    const bool at_door = doors_ > 0 && (plan.op == Op::REGISTRATION || plan.by_password);
    plan.client = at_door ? clients_ - doors_ + rng.below(doors_) : rng.below(clients_ - doors_);
  } else {
    plan.client = static_cast<std::uint32_t>(number % clients_);
  }
  plan.draw = rng.next();
  return plan;
}

Plan Schedule::next() {
  Plan plan = at(next_number_++);
  Rng gaps(plan.draw ^ 0xa5a5a5a5a5a5a5a5U);
  next_ns_ += -std::log1p(-gaps.uniform()) * mean_gap_ns_;
  plan.intended_ns = static_cast<std::int64_t>(next_ns_);
  return plan;
}

}  // namespace ringside::load
