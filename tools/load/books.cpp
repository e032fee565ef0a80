#include "tools/load/books.h"

#include <algorithm>
#include <cmath>

namespace ringside::load {

void Latencies::record(std::int64_t span_ns) {
  const std::uint64_t ns = span_ns < 0 ? 0 : static_cast<std::uint64_t>(span_ns);
  if (buckets_.empty()) buckets_.resize(kBucketCount);
  const auto units = static_cast<LatencyUnits>(std::llround(static_cast<double>(ns) * kUnitsPerNs));
  ++buckets_[static_cast<std::size_t>(clamp_bucket(bucket_of(units)) - kMinBucket)];
  ++count_;
  sum_ns_ += ns;
  min_ns_ = std::min(min_ns_, ns);
  max_ns_ = std::max(max_ns_, ns);
}

void Latencies::merge(const Latencies& other) {
  if (other.count_ == 0) return;
  if (buckets_.empty()) buckets_.resize(kBucketCount);
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
  min_ns_ = std::min(min_ns_, other.min_ns_);
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

double Latencies::quantile_ns(double q) const {
  if (count_ == 0) return 0;
  Histogram histogram;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (buckets_[i] == 0) continue;
    histogram.buckets.push_back(
        {static_cast<std::int16_t>(static_cast<int>(i) + kMinBucket), buckets_[i]});
  }
  return std::clamp(histogram.quantile_seconds(q) * 1e9, static_cast<double>(min_ns_),
                    static_cast<double>(max_ns_));
}

std::uint64_t Tally::answered() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : outcomes) sum += count;
  return sum;
}

void Tally::merge(const Tally& other) {
  sent += other.sent;
  unsent += other.unsent;
  for (std::size_t i = 0; i < kOutcomeCount; ++i) outcomes[i] += other.outcomes[i];
  lost += other.lost;
  late += other.late;
  for (const auto& [code, count] : other.codes) codes[code] += count;
  from_intended.merge(other.from_intended);
  from_send.merge(other.from_send);
}

void Connections::merge(const Connections& other) {
  opened += other.opened;
  failed += other.failed;
  lost += other.lost;
  refused += other.refused;
}

void Books::count_answer(Source source, Op expected, const Answer& answer,
                         std::int64_t from_intended_ns, std::int64_t from_send_ns) {
  Op op = expected;
  if (answer.op.empty()) {
    op = Op::none;
  } else if (expected == Op::none || answer.op != name_of(expected)) {
    op = op_named(answer.op);
  }
  if (op != expected) {
    ++misread_;
    --tally(source, expected).sent;
    ++tally(source, op).sent;
  }
  Tally& entry = tally(source, op);
  const Outcome outcome = answer.ok ? Outcome::ok : outcome_of(answer.code);
  ++entry.outcomes[static_cast<std::size_t>(outcome)];
  if (!answer.ok) {
    ++entry.codes[answer.code];
    if (code_names_.find(answer.code) == code_names_.end())
      code_names_.emplace(answer.code, answer.code_name);
  }
  entry.from_intended.record(from_intended_ns);
  entry.from_send.record(from_send_ns);
}

void Books::count_notice(Source source, const Answer& answer) {
  ++notices_[answer.code];
  ++connections_[source].refused;
  code_names_.emplace(answer.code, answer.code_name);
}

void Books::count_protocol_error(std::string reason) {
  ++protocol_errors_;
  if (examples_.size() < 5) examples_.push_back(std::move(reason));
}

Tally Books::total(Op op) const {
  Tally sum;
  for (std::size_t source = 0; source < by_source_.size(); ++source) {
    Tally part = tally(static_cast<Source>(source), op);
    if (source != kMix) part.from_intended = part.from_send = Latencies{};
    sum.merge(part);
  }
  return sum;
}

std::string Books::code_name(int code) const {
  const auto found = code_names_.find(code);
  return found == code_names_.end() ? std::string{} : found->second;
}

void Books::merge(const Books& other) {
  for (std::size_t source = 0; source < by_source_.size(); ++source) {
    for (std::size_t op = 0; op < kLineKinds; ++op)
      by_source_[source][op].merge(other.by_source_[source][op]);
    connections_[source].merge(other.connections_[source]);
  }
  for (const auto& [code, count] : other.notices_) notices_[code] += count;
  code_names_.insert(other.code_names_.begin(), other.code_names_.end());
  pushes_ += other.pushes_;
  misread_ += other.misread_;
  protocol_errors_ += other.protocol_errors_;
  for (const std::string& example : other.examples_) {
    if (examples_.size() < 5) examples_.push_back(example);
  }
}

}  // namespace ringside::load
