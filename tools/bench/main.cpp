#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "daemon/storage/standard_streams.h"
#include "shm/clock.h"
#include "tools/bench/parts/child_process.h"
#include "tools/bench/harness.h"
#include "tools/bench/parts/counted_loops.h"
#include "tools/bench/program.h"

namespace ringside::bench {
int serve_for_bench(const std::string& ring, double per_second, const std::string& ready,
                    unsigned operations);
}

namespace {

using ringside::bench::Results;
using ringside::bench::Settings;

struct Part {
  const char* name;
  std::vector<void (*)(const Settings&, Results&)> measures;   // each runs in its own process
};

const std::vector<Part> kParts = {
    {"record", {ringside::bench::measure_record_cost}},
    {"lines", {ringside::bench::measure_lines}},
    {"scale", {ringside::bench::measure_scale, ringside::bench::measure_overflow}},
    {"tails", {ringside::bench::measure_tails, ringside::bench::measure_laneless}},
    {"cold", {ringside::bench::measure_cold}},
    {"instructions", {ringside::bench::measure_instructions}},
    {"rivals", {ringside::bench::measure_rivals}},
    {"drain", {ringside::bench::measure_drain}},
    {"alerts", {ringside::bench::measure_alerts}},
    {"history", {ringside::bench::measure_history}},
    {"export", {ringside::bench::measure_export}},
    {"daemon", {ringside::bench::measure_daemon}},
    {"api", {ringside::bench::measure_api}},
    {"attached", {ringside::bench::measure_attached}},
    {"server", {ringside::bench::measure_server}},
};

std::vector<std::string> part_names() {
  std::vector<std::string> names;
  for (const Part& part : kParts) names.emplace_back(part.name);
  return names;
}

// FNV-1a over the names, counts and checksums of the work, which are the same in each run.
std::uint64_t hash_of(const std::vector<ringside::bench::Work>& all) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  const auto mix = [&hash](std::uint64_t byte) {
    hash = (hash ^ (byte & 0xff)) * 0x100000001b3ULL;
  };
  for (const auto& work : all) {
    for (const char c : work.name) mix(static_cast<unsigned char>(c));
    for (unsigned shift = 0; shift < 64; shift += 8) mix(work.count >> shift);
    for (unsigned shift = 0; shift < 64; shift += 8) mix(work.checksum >> shift);
  }
  return hash;
}

std::string hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  std::string line;
  while (std::getline(info, line)) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

bool write_json(const std::string& path, const Settings& settings, const Results& results) {
  nlohmann::json out;
  out["version"] = RINGSIDE_VERSION;
  out["smoke"] = settings.smoke;
  out["processor"] = processor_name();
  out["processors"] = std::thread::hardware_concurrency();
  out["clock"] = ringside::clock_name(ringside::choose_clock().kind);
  for (const auto& figure : results.all()) {
    out["figures"].push_back({{"name", figure.name},
                              {"unit", figure.unit},
                              {"median", figure.median},
                              {"p10", figure.low},
                              {"p90", figure.high},
                              {"rounds", figure.rounds},
                              {"limit", figure.limit},
                              {"note", figure.note}});
  }
  out["producer_cpu"] = settings.producer_cpu;
  out["daemon_cpu"] = settings.daemon_cpu;
  out["remarks"] = results.remarks();
  out["work"] = nlohmann::json::array();
  for (const auto& work : results.work()) {
    out["work"].push_back(
        {{"name", work.name}, {"count", work.count}, {"checksum", hex(work.checksum)}});
  }
  out["work_hash"] = hex(hash_of(results.work()));
  std::ofstream file(path);
  file << out.dump(2) << '\n';
  return static_cast<bool>(file.flush());
}

int run(int argc, char** argv) {
  using namespace ringside::bench;
  // The parts "daemon" and "api" start this program again as their traced server.
  if (argc == 6 && std::string(argv[1]) == "--serve")
    return serve_for_bench(argv[2], std::stod(argv[3]), argv[4],
                           static_cast<unsigned>(std::stoul(argv[5])));

  // The part "instructions" starts this program under callgrind: loops only, no figures.
  if (argc > 2 && std::string(argv[1]) == "--loop")
    return count_loops({argv + 2, argv + argc});

  CLI::App app(
      "Measures what tracing, draining and watching cost. Paired and interleaved; medians, with "
      "the 10th and\n"
      "90th percentile of the rounds. Run it on a machine that does nothing else.\n\n"
      "  record        an operation on its thread: stages, sampling, switched off\n"
      "  lines         a record by who had its cache lines last, and at a server's pace\n"
      "  scale         1 to 64 threads, 19 and 256 operations, the overflow lane\n"
      "  tails         p50, p99 and p99.9 of the single call\n"
      "  cold          a single operation after the caches were lost\n"
      "  instructions  by callgrind; needs the package valgrind\n"
      "  rivals        LTTng-UST, spdlog, prometheus-cpp, queues of Boost and moodycamel, where "
      "they were built in\n"
      "  drain         ring to metrics on one core\n"
      "  alerts        all rules for 256 operations, calm and in a storm\n"
      "  history       minutes into the history file, and its size\n"
      "  export        a million records into a file, in each format\n"
      "  daemon        what the daemon and the ring cost their machine\n"
      "  api           answers a second while a million records a second are drained\n"
      "  attached      an operation while the debug tool looks on\n"
      "  server        the reference chat server, traced against untraced",
      "ringside-bench");
  app.set_version_flag("--version", RINGSIDE_VERSION);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("ringside-bench: ") + error.what() + "\n  next: ringside-bench --help\n";
  });
  Settings settings;
  std::string json;
  std::vector<std::string> parts;
  app.add_flag("--smoke", settings.smoke,
               "sizes that only show that everything runs; the figures mean little");
  app.add_option("--json", json, "also write the figures to this file");
  app.add_option("--part", parts, "only these; repeatable")->check(CLI::IsMember(part_names()));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  settings.programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  if (std::thread::hardware_concurrency() > 1) settings.producer_cpu = 1;
  std::printf("ringside-bench %s: %s, %u processors, clock %s%s\n", RINGSIDE_VERSION,
              processor_name().c_str(), std::thread::hardware_concurrency(),
              ringside::clock_name(ringside::choose_clock().kind),
              settings.smoke ? "; smoke sizes, the figures mean little" : "");
  Results results;
  const auto wanted = [&](const char* part) {
    return parts.empty() || std::find(parts.begin(), parts.end(), part) != parts.end();
  };
  watch_for_interrupts();
  bool failed = false;
  {
    const Scratch scratch;
    Scratch::lie_in(scratch.path());
    for (const Part& part : kParts) {
      if (!wanted(part.name) || interrupted() != 0) continue;
      const bool rivals = std::string(part.name) == "rivals";
      if (rivals) prepare_rivals(settings, results);
      bool whole = true;
      for (const auto measure : part.measures) {
        if (interrupted() == 0 && !run_in_child(measure, settings, results) && interrupted() == 0) {
          std::fprintf(stderr, "ringside-bench: part %s failed\n", part.name);
          whole = false;
        }
      }
      if (rivals) clean_up_rivals(results, whole && interrupted() == 0);
      failed = failed || !whole;
    }
  }
  if (interrupted() != 0) end_by(interrupted());
  if (!results.work().empty())
    std::printf("\nwork hash %s: equal in two runs that did the same\n",
                hex(hash_of(results.work())).c_str());
  if (!json.empty() && !write_json(json, settings, results)) {
    std::fprintf(stderr, "ringside-bench: %s: can't write the figures\n", json.c_str());
    return 1;
  }
  return failed ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  ringside::secure_streams();
  return ringside::finish_output("ringside-bench", run(argc, argv));
}
