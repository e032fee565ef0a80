// The parts of metric_families(), and what they share.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "report/model/snapshot.h"
#include "report/render/prometheus/metric_family.h"

namespace ringside::metrics {

using Families = std::vector<MetricFamily>;

// Collects the metrics of one family and appends it, if it has any, when it goes.
class Family {
 public:
  Family(Families& out, const char* name, MetricKind kind, const char* unit, const char* help)
      : out_(out) {
    family_.name = name;
    family_.kind = kind;
    family_.unit = unit;
    family_.help = help;
  }
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;
  ~Family() {
    if (!family_.metrics.empty()) out_.push_back(std::move(family_));
  }

  Metric& add(std::vector<MetricLabel> labels, double value = 0, std::int64_t since_wall_ns = 0) {
    Metric metric;
    metric.labels = std::move(labels);
    metric.value = value;
    metric.since_wall_ns = since_wall_ns;
    return family_.metrics.emplace_back(std::move(metric));
  }
  void add(std::vector<MetricLabel> labels, std::uint64_t value, std::int64_t since_wall_ns = 0) {
    add(std::move(labels), static_cast<double>(value), since_wall_ns);
  }
  // What is not known is left out.
  template <typename Number>
  void add(std::vector<MetricLabel> labels, const std::optional<Number>& value) {
    if (value) add(std::move(labels), static_cast<double>(*value));
  }

 private:
  Families& out_;
  MetricFamily family_;
};

inline double seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }
inline double seconds(std::int64_t ns) { return static_cast<double>(ns) / 1e9; }

void add_operations(const Snapshot& snapshot, Families& out);
void add_events(const Snapshot& snapshot, Families& out);
void add_rings(const Snapshot& snapshot, Families& out);
void add_data_quality(const Snapshot& snapshot, Families& out);
void add_servers(const Snapshot& snapshot, Families& out);
void add_host(const Snapshot& snapshot, Families& out);
void add_alerts(const Snapshot& snapshot, Families& out);
void add_daemon(const Snapshot& snapshot, Families& out);

}  // namespace ringside::metrics
