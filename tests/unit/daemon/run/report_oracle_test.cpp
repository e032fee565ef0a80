// A recorded run against an oracle that keeps every record: from the ring through the daemon, its
// reports, its history and a report of the past, in every format.
#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "daemon/history/history_reader.h"
#include "daemon/history/history_store.h"
#include "report/analysis/past_snapshot.h"
#include "report/model/format.h"
#include "report/render/html/html.h"
#include "report/render/json.h"
#include "report/render/markdown.h"
#include "report/render/text.h"
#include "tests/support/random.h"
#include "tests/unit/daemon/run/monitor_world.h"

namespace ringside {
namespace {

using Json = nlohmann::json;

constexpr const char* kOracleNames[] = {"LOGIN", "SEARCH", "JOIN_ROOM"};
constexpr std::uint16_t kFirstNumber = 1;  // 0 is the world's own operation, which nobody calls
constexpr std::size_t kOracleNumbers = std::size(kOracleNames);
constexpr double kWithin = 0.011;  // half a bucket

// All that was written of one operation.
struct Kept {
  std::vector<std::int64_t> durations;
  std::map<std::pair<std::uint16_t, std::string>, std::uint64_t> errors;  // by code and outcome
  std::uint64_t stage_ns = 0;

  std::uint64_t failed() const {
    return std::accumulate(errors.begin(), errors.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const auto& one) { return sum + one.second; });
  }
  // The value of rank ceil(q n).
  double quantile(double q) const {
    std::vector<std::int64_t> sorted = durations;
    std::sort(sorted.begin(), sorted.end());
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
    return static_cast<double>(sorted[std::max<std::size_t>(rank, 1) - 1]);
  }
};

// Ten minutes of random calls through a monitor, and what its history got.
struct RecordedRun {
  RecordedRun() : monitor(world.monitor()), random(test::seed()) {
    std::string moved;
    REQUIRE_FALSE(store.open(history, {}, &moved));
    monitor.record_history([this](std::shared_ptr<const HistoryBatch> batch) {
      store.write(batch->span);
      return true;
    });
    world.make_server();
    for (std::uint16_t i = 0; i < kOracleNumbers; ++i)
      enter_name(*world.ring, static_cast<std::uint16_t>(kFirstNumber + i),
                 {kOracleNames[i], "message", {"queue", "database"}});
    for (int tick = 0; tick < 120; ++tick) {
      world.step(5 * kSecond);
      for (std::size_t i = random() % 200; i > 0; --i) call();
      monitor.pass(world.now);
      last = monitor.tick(world.now);
    }
    last = monitor.last(world.now).snapshot;
  }

  void call() {
    const auto number = random() % kOracleNumbers;
    const auto id = static_cast<std::uint16_t>(kFirstNumber + number);
    std::lognormal_distribution<double> seconds(-6.0 + static_cast<double>(number), 1.2);
    const auto duration = static_cast<std::int64_t>(seconds(random) * 1e9) + 1;
    const auto end = static_cast<std::uint64_t>(world.now.monotonic_ns);
    Record record = test::operation(id, end - static_cast<std::uint64_t>(duration), duration);
    const std::uint64_t stage = 1 + random() % 60'000;  // exact; 0 would be no mark
    record.flags = kFlagStages;
    record.set_stage(1, pack_stage_ticks(stage));
    Kept& kept = oracle[kOracleNames[number]];
    kept.durations.push_back(duration);
    kept.stage_ns += stage;
    if (random() % 20 == 0) {
      record.error = static_cast<std::uint16_t>(100 + random() % 3);
      const bool timeout = random() % 2 == 0;
      record.outcome = static_cast<std::uint8_t>(timeout ? Outcome::timeout : Outcome::error);
      ++kept.errors[{record.error, timeout ? "timeout" : "error"}];
    }
    write_record(world.lane, record);
  }

  World world;
  Monitor monitor;
  std::mt19937_64 random;
  std::map<std::string, Kept> oracle;
  std::string history = world.directory.file("history.db");
  HistoryStore store;
  std::shared_ptr<const Snapshot> last;
};

void check_against(const Json& report, const std::map<std::string, Kept>& oracle) {
  std::map<std::string, std::map<std::pair<std::uint16_t, std::string>, std::uint64_t>> errors;
  for (const Json& one : report["errors"])
    errors[one["operation"]][{one["code"], one["outcome"]}] +=
        one["count"]["since_start"].get<std::uint64_t>();
  std::uint64_t calls = 0;
  std::size_t operations = 0;
  for (const Json& one : report["operations"]) {
    const std::string name = one["name"];
    if (one["server_count"] == 0 && oracle.count(name) == 0) continue;
    ++operations;
    CAPTURE(name);
    const Kept& kept = oracle.at(name);
    const Json& is = one["windows"]["since_start"];
    const auto& durations = kept.durations;
    CHECK(is["count"] == durations.size());
    CHECK(is["timed"] == durations.size());
    CHECK(is["errors"] == kept.failed());
    CHECK(is["sum_ns"] == std::accumulate(durations.begin(), durations.end(), std::int64_t{0}));
    CHECK(is["min_ns"] == *std::min_element(durations.begin(), durations.end()));
    CHECK(is["max_ns"] == *std::max_element(durations.begin(), durations.end()));
    const auto check_quantile = [&](const char* key, double q) {
      INFO(key);
      CHECK(std::abs(is[key].get<double>() / kept.quantile(q) - 1) <= kWithin);
    };
    check_quantile("p50_ns", 0.5);
    check_quantile("p90_ns", 0.9);
    check_quantile("p95_ns", 0.95);
    check_quantile("p99_ns", 0.99);
    const Json& stages = is["stages"];
    const auto database = std::find_if(stages.begin(), stages.end(), [](const Json& stage) {
      return stage["name"] == "database";
    });
    REQUIRE(database != stages.end());
    CHECK((*database)["count"] == durations.size());
    CHECK((*database)["sum_ns"] == kept.stage_ns);
    CHECK(errors[name] == kept.errors);
    calls += durations.size();
  }
  CHECK(operations == oracle.size());
  CHECK(report["all"]["windows"]["since_start"]["count"] == calls);
}

// The count of each operation stands in its row, and p50 as it is written.
void check_texts(const Snapshot& snapshot, const std::map<std::string, Kept>& oracle) {
  const Report report(snapshot);
  for (const std::string& text :
       {render_text(report), render_markdown(report), render_html(report)}) {
    for (const SeriesView& series : snapshot.operations) {
      if (oracle.count(series.name) == 0) continue;
      CAPTURE(series.name);
      const Kept& kept = oracle.at(series.name);
      CHECK(text.find(format_count(kept.durations.size())) != std::string::npos);
      const auto p50 =
          static_cast<std::int64_t>(series.window(Window::since_start).quantile_ns(0.5));
      CHECK(std::abs(static_cast<double>(p50) / kept.quantile(0.5) - 1) <= kWithin);
      CHECK(text.find(format_span(static_cast<double>(p50))) != std::string::npos);
    }
  }
}

}  // namespace

TEST_CASE("ReportOracle: a recorded run has the same figures in every report of it") {
  const RecordedRun run;
  check_against(Json::parse(render_json(Report(*run.last))), run.oracle);
  check_texts(*run.last, run.oracle);
}

TEST_CASE("ReportOracle: a report of the past has them too, from the history alone") {
  RecordedRun run;
  run.store.close();
  const std::int64_t now_s = run.world.now.realtime_ns / kSecond;
  for (const auto slots : {HistoryQuery::Slots::minutes, HistoryQuery::Slots::hours}) {
    const HistoryResult result =
        read_history(run.history, {now_s - 7'200, now_s + 7'200, slots, {}, {}});
    REQUIRE_FALSE(result.failure);
    const Snapshot past = past_snapshot(result.span);
    check_against(Json::parse(render_json(Report(past))), run.oracle);
    check_texts(past, run.oracle);
  }
}

}  // namespace ringside
