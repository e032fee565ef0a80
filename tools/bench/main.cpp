#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "shm/clock.h"
#include "tools/bench/harness.h"

namespace ringside::bench {
int serve_for_bench(const std::string& ring, double per_second, const std::string& ready);
}

namespace {

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  std::string line;
  while (std::getline(info, line)) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

bool write_json(const std::string& path, const ringside::bench::Settings& settings,
                const ringside::bench::Results& results) {
  nlohmann::json out;
  out["version"] = RINGSIDE_VERSION;
  out["smoke"] = settings.smoke;
  out["processor"] = processor_name();
  out["processors"] = std::thread::hardware_concurrency();
  out["clock"] = ringside::clock_name(ringside::choose_clock().kind);
  for (const auto& figure : results.all()) {
    out["figures"].push_back({{"name", figure.name}, {"unit", figure.unit}, {"median", figure.median},
                              {"p10", figure.low}, {"p90", figure.high}, {"rounds", figure.rounds},
                              {"limit", figure.limit}, {"note", figure.note}});
  }
  std::ofstream file(path);
  file << out.dump(2) << '\n';
  return static_cast<bool>(file.flush());
}

}  // namespace

int main(int argc, char** argv) {
  using namespace ringside::bench;
  // The traced process of the daemon's measurement is this program again.
  if (argc == 5 && std::string(argv[1]) == "--serve") return serve_for_bench(argv[2], std::stod(argv[3]), argv[4]);

  CLI::App app("Measures what tracing, draining and watching cost. Paired and interleaved; medians, with the 10th and\n"
               "90th percentile of the rounds. Run it on a machine that does nothing else.",
               "ringside-bench");
  app.set_version_flag("--version", RINGSIDE_VERSION);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("ringside-bench: ") + error.what() + "\n  next: ringside-bench --help\n";
  });
  Settings settings;
  std::string json;
  std::vector<std::string> parts;
  app.add_flag("--smoke", settings.smoke, "sizes that only show that everything runs; the figures mean little");
  app.add_option("--json", json, "also write the figures to this file");
  app.add_option("--part", parts, "only these; repeatable")->check(CLI::IsMember({"record", "drain", "daemon", "server"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  settings.programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  if (std::thread::hardware_concurrency() > 1) settings.producer_cpu = 1;
  std::printf("ringside-bench %s: %s, %u processors, clock %s%s\n", RINGSIDE_VERSION, processor_name().c_str(),
              std::thread::hardware_concurrency(), ringside::clock_name(ringside::choose_clock().kind),
              settings.smoke ? "; smoke sizes, the figures mean little" : "");
  Results results;
  const auto wanted = [&](const char* part) {
    return parts.empty() || std::find(parts.begin(), parts.end(), part) != parts.end();
  };
  if (wanted("record")) std::thread([&] { measure_record_cost(settings, results); }).join();
  if (wanted("drain")) measure_drain(settings, results);
  if (wanted("daemon")) measure_daemon(settings, results);
  if (wanted("server")) measure_server(settings, results);
  if (results.all().empty()) return 1;
  if (!json.empty() && !write_json(json, settings, results)) {
    std::fprintf(stderr, "ringside-bench: %s: can't write the figures\n", json.c_str());
    return 1;
  }
  return 0;
}
