// For the tests beside it: /metrics of two daemons at two instants, in every form, and the truth
// about them. As
//   ringside_metrics_pages DIRECTORY        writes them and truth.json, says the seed
//   ringside_metrics_pages --accept TEXT    says which form, and its Content-Type
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "daemon/run/api_metrics.h"
#include "report/render/otlp/otlp.h"
#include "report/render/prometheus/exposition.h"
#include "report/render/prometheus/families.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/sample.h"

using namespace ringside;

namespace {

constexpr const char* kForms[] = {"text", "openmetrics", "openmetrics", "protobuf"};

// Of each operation in each run. No quantile of the tests has a whole number as its rank: a rate's
// counts are rounded, and would be on either side of it.
constexpr int kCalls = 1999;

bool write(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  file.close();
  if (!file) std::fprintf(stderr, "pages: cannot write %s\n", path.c_str());
  return static_cast<bool>(file);
}

bool write_all(const std::string& stem, const Snapshot& snapshot) {
  // As the daemon does: what its API counts of itself comes last.
  const http::Figures figures;
  const std::vector<MetricFamily> more = api_metrics(figures, snapshot.wall_ns);
  bool good = write(stem + ".otlp", render_otlp(snapshot, {"chat-1", "chat-1"}, more));
  for (const MetricsFormat format :
       {MetricsFormat::text, MetricsFormat::openmetrics, MetricsFormat::protobuf}) {
    std::string page = render_metrics(snapshot, format);
    append_metrics(page, format, more);
    good &= write(stem + "." + kForms[static_cast<int>(format)], page);
  }
  return good;
}

// A daemon whose operations last as they are drawn. It keeps every span, too.
struct Daemon {
  Snapshot snapshot = sample::busy();
  using Spans = std::map<std::string, std::vector<std::uint64_t>>;  // by operation
  Spans spans_ns;
  Spans added_ns;  // of the latest run alone

  Daemon() {
    // What the sample does not know.
    snapshot.host.cpu_pressure = snapshot.host.memory_pressure = snapshot.host.io_pressure =
        Pressure{12, 3};
    for (ProcessView& process : snapshot.processes) {
      process.open_files_limit = 1024;
      process.stopped = false;
    }
    for (SeriesView& series : snapshot.operations) {
      series.windows[0].latency = {};
      series.windows[0].timed = series.windows[0].sum_ns = 0;
    }
  }

  // Calls of each operation with spans around a median of its own.
  void run(std::mt19937_64& random, double median_factor) {
    added_ns.clear();
    for (std::size_t i = 0; i < snapshot.operations.size(); ++i) {
      SeriesView& series = snapshot.operations[i];
      std::lognormal_distribution<double> span(
          std::log(2e5 * median_factor * static_cast<double>(i + 1)), 1.2);
      std::map<int, std::uint64_t> buckets;
      for (const auto& bucket : series.windows[0].latency.buckets)
        buckets[bucket.index] = bucket.count;
      std::uint64_t longest = 0;
      for (int n = 0; n < kCalls; ++n) {
        const auto ns = static_cast<std::uint64_t>(span(random)) + 1;
        spans_ns[series.name].push_back(ns);
        added_ns[series.name].push_back(ns);
        ++buckets[clamp_bucket(
            bucket_of(static_cast<LatencyUnits>(static_cast<double>(ns) * kUnitsPerNs)))];
        series.windows[0].sum_ns += ns;
        ++series.windows[0].timed;
        longest = std::max(longest, ns);
      }
      series.windows[0].latency.buckets.clear();
      for (const auto& [index, count] : buckets)
        series.windows[0].latency.buckets.push_back({static_cast<std::int16_t>(index), count});
      series.exemplars = {{7, i, static_cast<std::int64_t>(longest), snapshot.wall_ns - 1'000'000},
                          {8, i, 1'000, snapshot.wall_ns - 2'000'000}};
    }
  }
};

// The value of rank ceil(q * n), in seconds.
double quantile(std::vector<std::uint64_t> spans_ns, double q) {
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(spans_ns.size())));
  const auto at = spans_ns.begin() + static_cast<std::ptrdiff_t>(rank - 1);
  std::nth_element(spans_ns.begin(), at, spans_ns.end());
  return static_cast<double>(*at) / 1e9;
}

// Of each operation, and of all together under "": {"count": calls, "0.5": seconds, ...}.
std::string truth(const std::vector<const Daemon::Spans*>& of) {
  std::map<std::string, std::vector<std::uint64_t>> merged;
  for (const Daemon::Spans* one : of) {
    for (const auto& [operation, spans] : *one) {
      for (const std::string& key : {operation, std::string()})
        merged[key].insert(merged[key].end(), spans.begin(), spans.end());
    }
  }
  std::string out;
  for (const auto& [operation, spans] : merged) {
    out +=
        fmt::format("{}\"{}\": {{\"count\": {}", out.empty() ? "" : ", ", operation, spans.size());
    for (const double q : {0.5, 0.9, 0.95, 0.99, 0.999})
      out += fmt::format(", \"{}\": {}", q, quantile(spans, q));
    out += "}";
  }
  return "{" + out + "}\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--accept") == 0) {
    const MetricsFormat format = metrics_format_for(argv[2]);
    std::printf("%s\n%s\n", kForms[static_cast<int>(format)], content_type_of(format));
    return 0;
  }
  if (argc != 2) {
    std::fputs("usage: ringside_metrics_pages DIRECTORY | --accept TEXT\n", stderr);
    return 2;
  }
  const std::string directory = std::string(argv[1]) + "/";
  const std::uint64_t seed = std::random_device{}();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  bool good = write_all(directory + "hostile", sample::hostile()) &&
              write_all(directory + "numbered", sample::numbered());
  // Exemplars are of now: Prometheus takes no old ones.
  const std::int64_t now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                                  std::chrono::system_clock::now().time_since_epoch())
                                  .count();
  Daemon one, other;
  for (const int step : {0, 1}) {
    for (Daemon* daemon : {&one, &other}) {
      daemon->snapshot.wall_ns = now_ns + step * 1'000'000'000;
      daemon->run(random, daemon == &one ? 1 : 9);
    }
    good &= write_all(directory + "one-" + std::to_string(step), one.snapshot) &&
            write_all(directory + "other-" + std::to_string(step), other.snapshot) &&
            write(directory + "truth-" + std::to_string(step) + ".json",
                  truth({&one.spans_ns, &other.spans_ns})) &&
            write(directory + "added-" + std::to_string(step) + ".json", truth({&one.added_ns}));
  }
  return good ? 0 : 1;
}
