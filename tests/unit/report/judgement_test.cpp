#include "report/analysis/judgement.h"

#include <doctest/doctest.h>

#include "tests/unit/report/numbered.h"

using namespace ringside;

namespace {

SeriesView calls(std::uint64_t count, std::uint64_t errors) {
  SeriesView series;
  series.name = "SEND";
  WindowStats& minute = series.windows[1];
  minute.recorded = count;
  minute.errors = errors;
  minute.timed = count;
  minute.min_ns = minute.max_ns = 2'000'000;
  minute.latency.buckets.push_back(
      {static_cast<std::int16_t>(bucket_of(static_cast<LatencyUnits>(2e6 * kUnitsPerNs))), count});
  return series;
}

}  // namespace

TEST_CASE("Judgement: nothing is over with too few samples, and all is from enough of them on") {
  Thresholds thresholds;
  thresholds.response_ns = 2'000'000;
  thresholds.min_samples = 7;
  for (const std::uint64_t n : {6U, 7U}) {
    const SeriesView series = calls(n, n);
    const Judgement latency = judge_latency(series, thresholds);
    const Judgement errors = judge_errors("SEND", series.window(Window::minute), thresholds);
    CAPTURE(n);
    CHECK(latency.samples == n);
    CHECK(errors.samples == n);
    CHECK(latency.enough == (n == 7));
    CHECK(errors.enough == (n == 7));
    CHECK(latency.over() == (n == 7));
    CHECK(errors.over() == (n == 7));
    CHECK(latency.value == (n == 7 ? 2e6 : 0));  // a value at the threshold counts as over
    CHECK(errors.value == (n == 7 ? 100 : 0));
    CHECK(latency.threshold == 2e6);
    CHECK(errors.threshold == 5);
  }
  thresholds.response_ns = 2'000'001;
  CHECK_FALSE(judge_latency(calls(7, 0), thresholds).over());
  CHECK_FALSE(judge_errors("SEND", calls(7, 0).window(Window::minute), thresholds).over());
  thresholds.operations["SEND"] = {1'000'000, 0};
  CHECK(judge_latency(calls(7, 0), thresholds).threshold == 1e6);
  // The configuration's word for an operation comes before the server's.
  SeriesView declared = calls(7, 0);
  declared.declared = {3'000'000, true};
  CHECK(judge_latency(declared, thresholds).threshold == 1e6);
  thresholds.operations.clear();
  CHECK(judge_latency(declared, thresholds).threshold == 3e6);
  CHECK(judge_latency(declared, thresholds).enough);
  declared.declared = {2'000'000, false};
  CHECK(judge_latency(declared, thresholds).over());
  // Without either, an operation that waits for its client has no threshold.
  declared.declared = {0, true};
  CHECK(judge_latency(declared, thresholds).threshold == 0);
  CHECK_FALSE(judge_latency(declared, thresholds).enough);
  CHECK_FALSE(judge_latency(declared, thresholds).over());
  // A threshold of zero is not exceeded by a value of zero.
  CHECK_FALSE(judge_errors("SEND", calls(7, 0).window(Window::minute), thresholds).over());
  CHECK(judge_errors("SEND", calls(7, 1).window(Window::minute), thresholds).over());
}

TEST_CASE("Judgement: the shortest window that holds enough is judged") {
  Snapshot snapshot;
  snapshot.thresholds.min_samples = 5;
  SeriesView series;
  series.windows[0].recorded = 100;
  const auto judged = [&] { return judged_window(snapshot, series); };
  CHECK_FALSE(judged().has_value());
  series.windows[3].recorded = 5;
  CHECK(judged() == Window::hour);
  series.windows[2].skipped = 5;
  CHECK(judged() == Window::five_minutes);
  series.windows[1].recorded = 4;
  CHECK(judged() == Window::five_minutes);
  series.windows[1].skipped = 1;
  CHECK(judged() == Window::minute);
}

TEST_CASE("Judgement: of the past the span alone is judged, if it holds enough") {
  Snapshot snapshot;
  snapshot.thresholds.min_samples = 5;
  snapshot.past_seconds = 3600;
  SeriesView series;
  series.windows[0].recorded = 4;
  CHECK_FALSE(judged_window(snapshot, series).has_value());
  series.windows[0].skipped = 1;
  CHECK(judged_window(snapshot, series) == Window::since_start);
}

TEST_CASE("Judgement: a ring's operations together, and no other ring's") {
  const Snapshot snapshot = sample::numbered();
  for (const char* ring : {"east", "west"}) {
    const SeriesView sum = sum_of_ring(snapshot, ring);
    for (std::size_t w = 0; w < kWindows; ++w) {
      std::uint64_t recorded = 0, skipped = 0, errors = 0, records = 0;
      for (const SeriesView& series : snapshot.operations) {
        if (series.ring != ring) continue;
        recorded += series.windows[w].recorded;
        skipped += series.windows[w].skipped;
        errors += series.windows[w].errors;
      }
      records = recorded;
      for (const SeriesView& series : snapshot.events) {
        if (series.ring == ring) records += series.windows[w].recorded;
      }
      CHECK(sum.windows[w].recorded == recorded);
      CHECK(sum.windows[w].skipped == skipped);
      CHECK(sum.windows[w].errors == errors);
      CHECK(sum.windows[w].seconds == snapshot.operations[0].windows[w].seconds);
      CHECK(records_of(snapshot, ring, static_cast<Window>(w)) == records);
    }
    CHECK(sum.ring == ring);
    CHECK(sum.name.empty());
  }
}

TEST_CASE("Judgement: losses are a share of what was written in the last minute") {
  Snapshot snapshot = sample::numbered();
  RingView& ring = snapshot.rings[1];
  ring.losses.while_observed = {900'000, 500, 900'000, 900'000};
  const std::uint64_t read = records_of(snapshot, "west", Window::minute);
  const Judgement lost = judge_losses(snapshot, ring);
  CHECK(lost.samples == read + 500);
  CHECK(lost.enough);
  CHECK(lost.value == doctest::Approx(500.0 / static_cast<double>(read + 500)));
  snapshot.operations.clear();
  snapshot.events.clear();
  ring.losses.while_observed[1] = 32;  // one fewer than min_samples
  CHECK_FALSE(judge_losses(snapshot, ring).enough);
  CHECK(judge_losses(snapshot, ring).value == 0);
  ring.losses.while_observed[1] = 33;
  CHECK(judge_losses(snapshot, ring).value == 1);
}

TEST_CASE("Judgement: memory is the largest process's, connections the ring's own gauge") {
  Snapshot snapshot = sample::numbered();
  snapshot.processes.resize(3, snapshot.processes[0]);
  snapshot.processes[0].resident_bytes = 100;
  snapshot.processes[1].ring = "west";
  snapshot.processes[1].resident_bytes = 900;
  snapshot.processes[2].resident_bytes = 200;
  snapshot.processes[2].ring = "east";
  CHECK(largest_process(snapshot, "east") == &snapshot.processes[2]);
  CHECK(largest_process(snapshot, "west") == &snapshot.processes[1]);
  snapshot.processes[2].resident_bytes.reset();
  CHECK(largest_process(snapshot, "east") == &snapshot.processes[0]);
  CHECK(largest_process(snapshot, "north") == nullptr);
  Thresholds thresholds;
  thresholds.memory_bytes = 900;
  CHECK(judge_memory(snapshot.processes[1], thresholds).over());
  CHECK_FALSE(judge_memory(snapshot.processes[0], thresholds).over());
  CHECK_FALSE(judge_memory(snapshot.processes[2], thresholds).enough);

  REQUIRE(connections_of(snapshot, "west") == &snapshot.gauges[2]);
  CHECK(connections_of(snapshot, "north") == nullptr);
  thresholds.connections = static_cast<std::uint64_t>(snapshot.gauges[2].value);
  CHECK(judge_connections(snapshot.gauges[2], thresholds).over());
  ++thresholds.connections;
  CHECK_FALSE(judge_connections(snapshot.gauges[2], thresholds).over());
}
