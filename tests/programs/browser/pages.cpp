// Writes reports in every format into the directory that it is given, for the tests in browser and
// schema: of a night, of one with hostile names, of one held against the night before, of days,
// of a quiet night, of nothing, and of samples. Says how long the night took.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>

#include "report/analysis/past_snapshot.h"
#include "report/render/html/html.h"
#include "report/render/json.h"
#include "report/render/markdown.h"
#include "report/render/text.h"
#include "tests/unit/report/compared_sample.h"
#include "tests/unit/report/level_sample.h"
#include "tests/unit/report/night.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/ones.h"
#include "tests/unit/report/sample.h"

using namespace ringside;

namespace {

bool write(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  file.close();
  if (!file) std::fprintf(stderr, "pages: cannot write %s\n", path.c_str());
  return static_cast<bool>(file);
}

bool write_all(const std::string& stem, const Report& report) {
  return write(stem + ".html", render_html(report)) && write(stem + ".json", render_json(report)) &&
         write(stem + ".md", render_markdown(report, {.whole = true})) &&
         write(stem + ".txt", render_text(report, {.limits = {.whole = true}}));
}

// Five days, in the middle of which a deploy made an operation faster.
HistorySpan faster_days() {
  std::mt19937_64 engine(1);
  HistorySpan span = sample::level_hours(engine, 120, 60, 0.7);
  span.marks.push_back({(sample::kLevelsBegin + 60 * 3600) * 1'000'000'000,
                        HistoryMark::Kind::deploy, "chat", "build 2, before 1"});
  return span;
}

// With what the samples lack, so that every key of the JSON report is written once.
Snapshot one_of_everything() {
  Snapshot snapshot = sample::ones();
  snapshot.silences.resize(1);
  snapshot.lanes[0].in_flight = "SEND";
  snapshot.host.cpu_pressure = snapshot.host.memory_pressure = snapshot.host.io_pressure =
      Pressure{1, 1};
  return snapshot;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: ringside_report_pages DIRECTORY\n", stderr);
    return 2;
  }
  const std::string directory = std::string(argv[1]) + "/";
  const Snapshot after = sample::after_the_night();
  const HistorySpan& night = sample::night();
  const auto before = std::chrono::steady_clock::now();
  const std::string page = render_html(Report(after, &night));
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - before;
  std::printf("a night of 8 h and %zu operations: analysed and rendered in %.0f ms, %zu bytes\n",
              after.operations.size(), took.count(), page.size());
  const Snapshot evil = sample::after_a_hostile_night();
  const HistorySpan evil_night = sample::hostile_night();
  const Comparison evil_comparison = sample::compared(sample::compared_nights(true));
  const sample::ComparedNights nights = sample::compared_nights();
  const Comparison comparison = sample::compared(nights);
  const Snapshot compared = past_snapshot(nights.now);
  const HistorySpan days = faster_days();
  const Snapshot of_days = past_snapshot(days);
  const Snapshot nothing, ones = one_of_everything(), numbered = sample::numbered();
  const bool written =
      write_all(directory + "night", Report(after, &night)) &&
      write_all(directory + "hostile", Report(evil, &evil_night, &evil_comparison)) &&
      write_all(directory + "compared", Report(compared, &nights.now, &comparison)) &&
      write_all(directory + "days", Report(of_days, &days)) &&
      write_all(directory + "calm", Report(sample::calm())) &&
      write_all(directory + "nothing", Report(nothing)) &&
      write_all(directory + "ones", Report(ones)) &&
      write_all(directory + "numbered", Report(numbered));
  return written ? 0 : 1;
}
