// A daemon that starts beside a history of days.
#include <algorithm>

#include "daemon/history/baseline.h"
#include "daemon/history/history_store.h"
#include "daemon/rings/ring_names.h"
#include "daemon/run/service.h"
#include "shm/clock.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tests/unit/daemon/said.h"
#include "tests/unit/daemon/until.h"
#include "tests/unit/report/watched_world.h"

namespace ringside {
namespace {

TEST_CASE("Service: an operation that is slower than on the days before is in the alert log") {
  const test::TempDir directory;
  const test::Said said;
  Config config;
  config.rings = {directory.file("ring")};
  config.tick_ns = 100 * kMillisecond;
  config.state_directory = directory.file("state");
  config.alert_log_path = directory.file("alerts.log");
  config.report_directory = directory.file("reports");
  config.history_path = directory.file("history.db");
  // Three days until now, with SEND slower in the last two hours.
  const std::int64_t now_s = clock_ns(CLOCK_REALTIME) / kSecond / 60 * 60;
  HistoryStore store;
  std::string moved;
  REQUIRE_FALSE(store.open(config.history_path, {}, &moved));
  watched::World world(7);
  world.now = now_s - 3 * watched::kDay;
  world.ring = resolve_ring(config.rings[0]).name;
  for (watched::Operation& operation : world.operations) operation.calls = 60;
  world.change = [&](watched::Operation& operation, std::int64_t at) {
    if (operation.name == "SEND" && at >= now_s - 2 * watched::kHour) operation.median_ms *= 1.5;
  };
  HistorySpan span;
  world.also = [&](const std::vector<HistorySeries>& minute) {
    span.series.insert(span.series.end(), minute.begin(), minute.end());
    span.rings.push_back({world.ring, {{world.now, 60, 0, 60, 0}}});
  };
  world.run(now_s);
  store.write(span);
  store.close();

  Service service(config, "test");
  REQUIRE_FALSE(service.start());
  test::until([&] {
    return read_text(config.alert_log_path).find("alert=performance_regression state=begun") !=
           std::string::npos;
  });
  const auto snapshot = service.snapshot();
  CHECK(snapshot->regression_watch.watched == 10);
  CHECK(read_text(config.alert_log_path).find("op=SEND") != std::string::npos);
  CHECK(service.stop().nothing());

  const auto compared_with = [&](const Baseline& baseline) {
    REQUIRE_FALSE(write_baseline(config.history_path, baseline));
    Service pinned(config, "test");
    REQUIRE_FALSE(pinned.start());
    test::until([&] {
      const auto seen = pinned.snapshot();
      return seen && !seen->regression_watch.reading;
    });
    const RegressionWatchView watch = pinned.snapshot()->regression_watch;
    CHECK(pinned.stop().nothing());
    return watch;
  };
  const std::int64_t pinned_s = now_s - 3 * watched::kDay;
  const RegressionWatchView there = compared_with({pinned_s, pinned_s + 2 * watched::kDay});
  CHECK(said.count("what is usual is the pinned baseline, from ") == 1);
  CHECK(there.pinned_begin_wall_ns == pinned_s * kSecond);
  CHECK(there.watched == 10);
  // One from before them, of which the history knows nothing.
  const RegressionWatchView gone =
      compared_with({now_s - 9 * watched::kDay, now_s - 6 * watched::kDay});
  CHECK(said.count("no longer has two days of the pinned baseline, from ") == 1);
  CHECK_FALSE(gone.pinned());
  CHECK(gone.watched == 10);
}

}  // namespace
}  // namespace ringside
