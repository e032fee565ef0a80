// Reports on a thread of their own: what waits for them, and what does not.
#include "daemon/outputs/report_writer.h"

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/daemon/files_of_test.h"
#include "tests/unit/daemon/outputs/disk.h"
#include "tests/unit/daemon/said.h"
#include "tests/unit/daemon/until.h"

namespace ringside {
namespace {

using test::Disk;
using test::lines_in;
using test::options_in;
using test::state_of;
using test::transition;
using test::until;

TEST_CASE("IoWorker: new report options hold at once, whoever asked for the report") {
  const test::TempDir directory;
  const test::Said said;
  Disk disk;
  IoWorker io(disk.write());
  IoOptions options = options_in(directory);
  options.reports.formats = {"text", "json"};
  REQUIRE_FALSE(io.start(options));
  disk.hang(true);
  CHECK(io.write_report(std::make_shared<Snapshot>()));
  disk.until_at_work(1);
  // The queue keeps no order between two threads, so a report may come before the new options.
  std::thread other([&] { CHECK(io.write_report(std::make_shared<Snapshot>())); });
  other.join();
  options.reports.formats = {"text"};
  io.reopen(options);
  disk.hang(false);
  io.finish({nullptr, state_of("last")}, {});
  CHECK(io.join().nothing());
  CHECK(disk.names() ==
        std::vector<std::string>{"report.txt", "report.json", "report.txt", "state"});
}

TEST_CASE("IoWorker: alert lines and the state do not wait for a report") {
  const test::TempDir directory;
  const test::Said said;
  std::promise<void> go;
  const std::shared_future<void> gone(go.get_future());
  std::atomic<int> reports{0};
  std::atomic<int> states{0};
  IoWorker io([&](const std::string& path, std::string_view, unsigned) {
    if (path.ends_with("state")) {
      ++states;
    } else {
      ++reports;
      gone.wait();
    }
    return std::optional<Failure>();
  });
  REQUIRE_FALSE(io.start(options_in(directory)));
  CHECK(io.write_report(std::make_shared<Snapshot>()));
  until([&] { return reports == 1; });
  io.save_state_before_lines(state_of("1"));
  io.tell({transition("a")});
  until([&] { return lines_in(directory.file("alerts.log")) == 1; });
  CHECK(states == 1);
  // Nor at the end: the lines come first, then the reports, then the last state.
  io.tell({transition("b")});
  bool ended = false;
  io.finish({std::make_shared<Snapshot>(), state_of("last")}, [&] { ended = true; });
  until([&] { return lines_in(directory.file("alerts.log")) == 2; });
  CHECK(states == 1);
  go.set_value();
  CHECK(io.join().nothing());
  CHECK(ended);
  CHECK(reports == 2);
  CHECK(states == 2);
}

TEST_CASE("IoWorker: reports without a format are not said to be written") {
  const test::TempDir directory;
  const test::Said said;
  Disk disk;
  IoWorker io(disk.write());
  IoOptions options = options_in(directory);
  options.reports.formats = {};
  REQUIRE_FALSE(io.start(options));
  CHECK(io.write_report(std::make_shared<Snapshot>()));
  io.finish({std::make_shared<Snapshot>(), {}}, {});
  CHECK(io.join().nothing());
  CHECK(said.lines().empty());
  CHECK(disk.names() == std::vector<std::string>{"state"});
}

}  // namespace
}  // namespace ringside
