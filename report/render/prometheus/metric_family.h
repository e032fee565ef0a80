// What monitoring systems are given, as data: families of metrics, made of one snapshot. The
// renderers beside this file and report/render/otlp write them in the forms that others read.
//
// Names follow Prometheus: the prefix ringside_, base units, a unit at the end. `name` has neither
// _total nor _info; each form adds them where it wants them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/model/histogram.h"

namespace ringside {

// An info is a gauge of value 1 whose labels are the figure.
enum class MetricKind : std::uint8_t { counter, gauge, info, histogram, summary };

struct MetricLabel {
  const char* name;
  std::string value;  // any bytes; see label_text()
};

// A record that stands for a bucket, and where it is found in its ring.
struct MetricExemplar {
  std::string ring;
  std::uint32_t lane = 0;
  std::uint64_t position = 0;
  double seconds = 0;
  std::int64_t wall_ns = 0;  // of its end
};

struct Metric {
  std::vector<MetricLabel> labels;
  double value = 0;         // counter, gauge, info
  std::uint64_t count = 0;  // histogram, summary
  double sum = 0;
  const Histogram* histogram = nullptr;   // part of the snapshot
  std::vector<MetricExemplar> exemplars;  // the oldest first
  // When a counter, histogram or summary began at 0, nanoseconds since the epoch; 0: not known.
  std::int64_t since_wall_ns = 0;
};

struct MetricFamily {
  std::string name;
  MetricKind kind = MetricKind::gauge;
  const char* unit = "";  // the end of the name: seconds, bytes, ratio; empty: a number
  std::string help;
  std::vector<Metric> metrics;
};

}  // namespace ringside
