// The first and the last sections of the report: verdict, overview, data quality, configuration.
#include <doctest/doctest.h>

#include <algorithm>

#include "report/model/format.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/sample.h"
#include "tests/unit/report/written.h"

using namespace ringside;
using namespace sample;

TEST_CASE("Sections: rings, servers, host and daemon") {
  const Written w(sample::numbered());
  const Snapshot& s = w.snapshot;
  const char* const title = "OVERVIEW AND DATA QUALITY";
  for (std::size_t i = 0; i < 2; ++i) {
    const RingView& ring = s.rings[i];
    CHECK(w.says(title, "ring " + ring.name + ": live · server-" + ring.name + " (pid " +
                            std::to_string(ring.pid) + ") · build build-of-" + ring.name +
                            ", configuration digest-of-" + ring.name + " · opened " +
                            format_wall(ring.created_wall_ns) + ", " +
                            span(static_cast<double>(s.wall_ns - ring.created_wall_ns)) + " ago"));
    CHECK(w.says(title, ": /dev/shm/ringside." + ring.name + " · " +
                            format_bytes(ring.segment_bytes) + " · clock tsc at " +
                            format_number(ring.ticks_per_second / 1e6) + " MHz · " +
                            format_count(ring.instances_seen) + " server starts followed, " +
                            format_count(ring.crashes_seen) + " crashes, " +
                            format_count(ring.restarts_seen) + " restarts in place"));
    const ProcessCounts& those = ring.processes;
    CHECK(w.says(title, ": " + format_count(those.alive) + " of " + format_count(those.entered) +
                            " processes that entered live · " + format_count(those.left) +
                            " left in order · " + format_count(those.restarted) +
                            " became another program (exec) or trace no more · " +
                            format_count(those.died) + " died"));
    CHECK(w.says(title, "problem: ring " + ring.name + ": none to speak of"));
    const ProcessView& p = s.processes[i];
    CHECK(w.says(title, "server: " + p.ring + " · pid " + std::to_string(p.pid) + " · up " +
                            span(*p.uptime_seconds * 1e9) + " · " +
                            format_percent(*p.cpu_seconds / *p.uptime_seconds) +
                            " of a core since it began, " + format_percent(*p.cpu_percent / 100) +
                            " over the last tick · " + format_bytes(*p.resident_bytes) +
                            " resident · open files " + format_count(*p.open_files) +
                            " · threads " + format_count(*p.threads)));
    const auto& lost = ring.losses.while_observed;
    CHECK(w.says(title, "lost (" + ring.name + "): overwritten before they were read: " +
                            format_count(lost[1]) + " in the last minute, " +
                            format_count(lost[2]) + " in 5 min, " + format_count(lost[3]) +
                            " in the hour, " + format_count(lost[0]) + " since start"));
    CHECK(w.says(title, ": " + format_count(ring.losses.before_attach) +
                            " were overwritten while no daemon watched"));
    CHECK(w.says(title, "untraced: ring " + ring.name + ": " + format_count(ring.untraced_threads) +
                            " threads without a lane, " + format_count(ring.untraced_records) +
                            " records missing · " + format_count(ring.names_refused) +
                            " names refused"));
    const auto found = [&](const char* name, std::uint64_t count, const std::string& what) {
      return w.says(title, name + (": ring " + ring.name) + ": " + format_count(count) + what);
    };
    CHECK(found("mistake", ring.misused[0],
                " calls with the id of an event for an operation, or of an operation for an event; "
                "expected an id of the call's own kind"));
    CHECK(found("mistake", ring.misused[1],
                " outcomes that are none, which count as errors; expected an Outcome from ok to "
                "cancelled"));
    CHECK(found("mistake", ring.misused[2],
                " marks of a stage above 5, whose time is in no stage; expected a stage from 0 to "
                "5"));
    CHECK(found("mistake", ring.misused[3],
                " stamps of another clock, whose records have no span; expected stamps that "
                "ringside::now() gave, of the same ring"));
    CHECK(found("mistake", ring.names_merged,
                " registrations of a name that is cut to the name of another: the two are one in "
                "every figure; expected names that differ within the length of their field (39 "
                "bytes for an operation)"));
    CHECK(found("unseen", those.refused,
                " of its processes found no place in the table: their gauges and their deaths are "
                "unseen; expected a place for each of up to 4,096"));
  }
  std::string gauges = "gauges: ";
  for (const GaugeView& g : s.gauges) {
    gauges += (&g == s.gauges.data() ? "" : " · ") + g.name + " (" + g.ring + ") " +
              format_signed(g.value) + ", at most " + format_signed(g.max);
  }
  CHECK(w.says(title, gauges));
  CHECK(w.says(title, "host: load 1.25 2.50 3.75 on 11 cores · 62 % busy over the last tick · " +
                          format_bytes(*s.host.memory_available_bytes) + " of " +
                          format_bytes(*s.host.memory_total_bytes) + " memory available"));
  CHECK(w.says(title, "daemon: ringsided 9.8.7 · pid " + std::to_string(s.daemon.pid) + " · up " +
                          span(5100.5 * 1e9) + " · figures since " +
                          format_wall(s.daemon.state_since_wall_ns) + " (" +
                          format_count(s.daemon.restarts) + " restarts)"));
  CHECK(w.says(title, "its cost: 0.60 % of a core since it began, 0.75 % over the last tick · " +
                          format_bytes(*s.daemon.resident_bytes) + " resident, " +
                          format_bytes(s.daemon.metrics_bytes) + " of it metrics · " +
                          format_count(s.daemon.passes) + " passes over the rings"));
  CHECK(w.says(title, "books: written 70,007 = read 69,001 + lost 1,006"));
  CHECK(w.says(title, ": rejected " + format_count(s.books.rejected) + " (of the read) · torn " +
                          format_count(s.books.torn) + " (not of the written) · late " +
                          format_count(s.late_records) + " (counted all the same)"));
  CHECK(w.says(title, ": " + format_count(s.unattributed_lost) +
                          " of the lost are not yet known by operation"));
  std::uint64_t negative = 0;
  for (const auto* group : {&s.operations, &s.events}) {
    for (const SeriesView& series : *group) negative += series.windows[0].negative;
  }
  CHECK(w.says(title, ": " + format_count(negative) + " negative spans: the clock went back"));

  const auto lanes =
      w.page.tables("ring|lane|state|thread|tid|written|read|lost|torn|rejected|pending");
  REQUIRE(lanes.size() == 1);
  Rows expected;
  for (const LaneView& lane : s.lanes) {
    const Books& b = lane.books;
    expected.push_back({lane.ring, lane.overflow ? "over" : std::to_string(lane.lane),
                        lane.overflow ? "released" : "owned",
                        lane.overflow ? "(shared)" : lane.thread, std::to_string(lane.tid),
                        format_count(b.written), format_count(b.read), format_count(b.lost),
                        format_count(b.torn), format_count(b.rejected),
                        lane.overflow ? format_count(lane.pending) : "–"});
  }
  check_rows(lanes[0], expected);
}

TEST_CASE("Sections: what is not known is said to be unknown, and never shown as nothing") {
  Snapshot snapshot;
  snapshot.wall_ns = sample::kNow;
  snapshot.rings.resize(1);
  snapshot.rings[0].name = "chat";
  snapshot.lanes.resize(1);
  snapshot.processes.resize(1);
  snapshot.processes[0].ring = "chat";
  snapshot.daemon.started_wall_ns = 1;
  const Written w(snapshot);
  const char* const title = "OVERVIEW AND DATA QUALITY";
  CHECK(w.says(title, "ring chat: waiting · no server yet"));
  CHECK(w.says(title,
               "server: chat · pid 0 · up unknown · unknown of a core over the last tick · unknown "
               "resident · "
               "open files unknown · threads unknown"));
  CHECK(w.says(title,
               "host: load unknown on an unknown number of cores · unknown busy over the last tick "
               "· unknown of "
               "unknown memory available"));
  CHECK(w.says(title, "figures since an unknown time"));
  CHECK(w.says(title, "its cost: unknown of a core over the last tick · unknown resident"));
  CHECK(w.page.tables(
            "ring|lane|state|thread|tid|written|read|lost|torn|rejected|pending")[0][0][4] == "–");
  for (const std::string& line : w.prose(title)) {
    CHECK(line.find("MHz") == std::string::npos);
    CHECK(line.find("opened") == std::string::npos);
    CHECK(line.find("lost (") == std::string::npos);
  }
}

TEST_CASE("Sections: nothing happened a negative time ago") {
  Snapshot snapshot = sample::numbered();
  snapshot.rings[0].created_wall_ns = snapshot.wall_ns + 300'000'000'000;
  snapshot.alerts[0].since_wall_ns = snapshot.wall_ns + 1'000'000;
  const Written w(snapshot);
  CHECK(w.says("OVERVIEW AND DATA QUALITY",
               "opened 2024-11-23T10:20:55.123Z, in the future: the clock was set"));
  CHECK(w.page.tables("active|level|state|about|value|threshold|for|episode")[0][0][6] ==
        "unknown");
  snapshot.rings[0].created_wall_ns = snapshot.wall_ns;
  CHECK(Written(snapshot).says("OVERVIEW AND DATA QUALITY",
                               "opened 2024-11-23T10:15:55.123Z, 0 ns ago"));
}

TEST_CASE("Sections: no processor time in a tick is less than one step of its clock") {
  Snapshot snapshot = sample::numbered();
  snapshot.tick_seconds = 5;
  snapshot.daemon.cpu_percent = 0;
  CHECK(Written(snapshot).says("OVERVIEW AND DATA QUALITY",
                               "since it began, <0.20 % over the last tick"));
  snapshot.tick_seconds = 0;
  CHECK(Written(snapshot).says("OVERVIEW AND DATA QUALITY",
                               "since it began, <0.10 % over the last tick"));
  snapshot.daemon.cpu_seconds.reset();
  CHECK(Written(snapshot).says("OVERVIEW AND DATA QUALITY",
                               "its cost: <0.10 % of a core over the last tick"));
}

TEST_CASE("Sections: the verdict has its reasons, and the last minute in a line") {
  const Written w(sample::numbered());
  const std::string heading = "VERDICT: " + std::string("FAILING");
  const Headline& headline = w.report.analysis.headline;
  std::vector<std::string> expected = {headline.what, headline.whom, headline.next};
  for (const Reason& reason : w.report.analysis.reasons) expected.push_back(reason.text);
  const WindowStats& minute = w.snapshot.all.windows[1];
  const std::uint64_t count = minute.recorded + minute.skipped;
  expected.push_back("In the last minute: " + format_count(count) + " operations, " +
                     format_rate(static_cast<double>(count - minute.history) / 60) + ", " +
                     percent(minute.errors, count) + " failed, p50 " + bucket_value(minute, 0) +
                     ", p90 " + bucket_value(minute, 1) + ", p99 " + bucket_value(minute, 3) + ".");
  CHECK(w.prose(heading) == expected);
}

TEST_CASE("Sections: the title names the rings, and the configuration stands as it is") {
  const Written w(sample::numbered());
  CHECK(w.page.texts("title") ==
        std::vector<std::string>{"Ringside report · east, west", "2024-11-23T10:15:55.123Z"});
  CHECK(w.page.texts("verbatim") == std::vector<std::string>{"rings = [\"east\", \"west\"]", "",
                                                             "[thresholds]", "connections = 3"});
  CHECK(Written(Snapshot{}).page.texts("title")[0] == "Ringside report · no ring");
}

TEST_CASE("Sections: with one ring no table and no name speaks of rings") {
  const Written w(sample::busy());
  CHECK(w.page.tables("operation|count|rate|errors|error %|refused|refused %").size() == 1);
  for (const RecordingPage::Element& element : w.page.elements()) {
    for (const std::string& text : element.texts) CHECK(text.find("(chat)") == std::string::npos);
  }
}
