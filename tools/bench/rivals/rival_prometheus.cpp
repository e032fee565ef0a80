// prometheus-cpp: a histogram with 16 bucket boundaries and a counter for each operation, looked up
// once. It keeps no records. It uses only the operation and the duration of the payload; the
// counter is always that of the outcome ok. The consumer scrapes it once a second.

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "tools/bench/rivals/rival.h"

namespace ringside::bench {

namespace {

class Prometheus : public TimedRival<Prometheus> {
 public:
  explicit Prometheus(double ticks_per_ns)
      : TimedRival("prometheus-cpp"), seconds_a_tick_(1e-9 / ticks_per_ns) {
    prometheus::Histogram::BucketBoundaries bounds;
    for (double bound = 1e-6; bounds.size() < 16; bound *= 4) bounds.push_back(bound);
    auto& histograms = prometheus::BuildHistogram().Name("operation_seconds").Register(registry_);
    auto& counters = prometheus::BuildCounter().Name("operations_total").Register(registry_);
    for (int id = 0; id < 19; ++id) {
      const prometheus::Labels labels = {{"operation", std::to_string(id)}};
      histograms_.push_back(&histograms.Add(labels, bounds));
      counters_.push_back(&counters.Add({{"operation", std::to_string(id)}, {"outcome", "ok"}}));
    }
  }

  void record(const Payload& p) {
    histograms_[p.id]->Observe(static_cast<double>(p.end - p.start) * seconds_a_tick_);
    counters_[p.id]->Increment();
  }
  void drain() override {
    if (monotonic_seconds() < next_scrape_) return;
    next_scrape_ = monotonic_seconds() + 1;
    collected_ = registry_.Collect();
  }
  bool taken(std::uint64_t* count, std::uint64_t* checksum) const override {
    *count = 0;
    *checksum = 0;
    for (std::size_t id = 0; id < counters_.size(); ++id) {
      const auto one = static_cast<std::uint64_t>(counters_[id]->Value());
      *count += one;
      *checksum += one * checksum_of(id, 0, 0, 0);
    }
    return true;
  }
  // A counter only adds up and is never full.
  bool dropped(std::uint64_t* count) const override {
    *count = 0;
    return true;
  }

 private:
  prometheus::Registry registry_;
  std::vector<prometheus::Histogram*> histograms_;
  std::vector<prometheus::Counter*> counters_;
  std::vector<prometheus::MetricFamily> collected_;
  double seconds_a_tick_;
  double next_scrape_ = 0;
};

}  // namespace

std::unique_ptr<Rival> make_prometheus(const RivalSettings& settings) {
  return std::make_unique<Prometheus>(settings.ticks_per_ns);
}

}  // namespace ringside::bench
