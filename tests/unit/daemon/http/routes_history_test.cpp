// GET history: figures over time, against sums that are made in another way.
#include <doctest/doctest.h>

#include <cmath>

#include "daemon/history/history_reader.h"
#include "daemon/http/chart_figures.h"
#include "report/analysis/over_time.h"
#include "report/render/json_parts.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/http/parsed.h"
#include "tests/unit/daemon/http/route_world.h"

using namespace ringside;
using namespace ringside::http;
using Json = nlohmann::ordered_json;

namespace {

// The night, in a file, and a daemon that has just seen its end.
struct NightFile : RouteWorld {
  NightFile() : RouteWorld(sample::after_the_night()) {
    sources.history = directory.file("h.db");
    REQUIRE(write_history(sources.history, night) == "");
  }
  Json history(Fields query) const { return data_of(api("history", std::move(query))); }

  test::TempDir directory;
  HistorySpan night = observed_night();
};

Json values(const Json& data, const std::string& figure) {
  for (const Json& series : data.at("series")) {
    if (series.at("figure") == figure) return series.at("values");
  }
  FAIL("no such figure");
  return {};
}

}  // namespace

TEST_CASE("RouteHistory: each figure agrees with the points of the report's charts") {
  const NightFile world;
  HistorySpan part = world.night;
  part.begin_wall_s += 4 * 60;  // 02:20
  part.end_wall_s -= 6 * 60;    // 10:10
  const auto points = points_over_time(part, "", "SEND_MESSAGE", 47);
  REQUIRE(points.size() == 47);
  const Json data = world.history(
      {{"operation", "SEND_MESSAGE"},
       {"step", "10min"},
       {"since", "2024-11-23T02:20Z"},
       {"until", "2024-11-23T10:10Z"},
       {"figure", "count,errors,refused,timed,p50_ns,p95_ns,p99_ns,max_ns,mean_ns,error_rate"}});
  CHECK(data.at("step_seconds") == 600);
  CHECK(data.at("steps") == 47);
  CHECK(data.at("begin_unix_ms").get<std::int64_t>() == part.begin_wall_s * 1000);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const TimePoint& point = points[i];
    const auto check = [&](const char* figure, double expected) {
      CAPTURE(figure);
      CAPTURE(i);
      CHECK(values(data, figure).at(i).get<double>() == doctest::Approx(expected));
    };
    REQUIRE(point.timed > 0);
    check("count", static_cast<double>(point.count));
    check("errors", static_cast<double>(point.errors));
    check("refused", static_cast<double>(point.refused));
    check("timed", static_cast<double>(point.timed));
    check("p50_ns", point.quantile_ns(0.5));
    check("p95_ns", point.quantile_ns(0.95));
    check("p99_ns", point.quantile_ns(0.99));
    check("max_ns", static_cast<double>(point.max_ns));
    check("mean_ns", static_cast<double>(point.sum_ns) / static_cast<double>(point.timed));
    check("error_rate", point.error_rate());
  }
}

TEST_CASE("RouteHistory: what was not seen is null, and what was seen without calls is 0") {
  NightFile world;
  HistorySpan quiet;
  quiet.rings.push_back({"chat", {}, 0});
  for (std::int64_t m = 0; m < 10; ++m) {
    if (m != 4) quiet.rings[0].slots.push_back({m * 60 + 6'000'000, 60, 0, 60, 0});
  }
  HistorySeries series;
  series.ring = "chat";
  series.name = "RARE";
  HistorySlot slot;
  slot.begin_wall_s = 6'000'000;
  slot.observed_seconds = 60;
  slot.recorded = 30;
  slot.outcomes[0] = 30;
  series.slots = {slot};
  quiet.series = {series};
  const std::string path = world.directory.file("quiet.db");
  REQUIRE(write_history(path, quiet) == "");
  world.sources.history = path;
  const Json data = world.history({{"operation", "RARE"},
                                   {"since", "1970-03-11T10:40Z"},
                                   {"until", "1970-03-11T10:50Z"},
                                   {"figure", "count,rate_per_s,p95_ns,error_rate"}});
  CHECK(values(data, "count").dump() == "[30.0,0.0,0.0,0.0,null,0.0,0.0,0.0,0.0,0.0]");
  CHECK(values(data, "rate_per_s").at(0) == 0.5);
  CHECK(values(data, "rate_per_s").at(4).is_null());
  CHECK(values(data, "p95_ns").at(0).is_null());  // calls without a span
  CHECK(values(data, "error_rate").dump() == "[0.0,null,null,null,null,null,null,null,null,null]");
}

TEST_CASE(
    "RouteHistory: all together, one by one, and of an hour, with null where nothing was seen") {
  const NightFile world;
  const Json all = world.history({});
  CHECK(all.at("series").size() == 5);
  CHECK(all.at("step_seconds") == 60);
  CHECK(all.at("steps") == 480);
  CHECK(values(all, "rate_per_s").at(119).get<double>() > 0);
  for (const std::size_t gap : {120U, 121U, 122U})
    CHECK(values(all, "rate_per_s").at(gap).is_null());
  CHECK(all.at("marks").size() == world.night.marks.size());
  CHECK(all.at("incidents").size() == 1);
  const Json each = world.history({{"operation", "*"}, {"figure", "count"}, {"step", "8h"}});
  std::size_t operations = 0;
  for (const HistorySeries& one : world.night.series) operations += one.event ? 0 : 1;
  REQUIRE(each.at("series").size() == operations);
  const Json total = world.history({{"figure", "count"}, {"step", "8h"}});
  REQUIRE(total.at("steps") == 2);  // from midnight, and from eight
  for (const std::size_t step : {0U, 1U}) {
    double sum = 0;
    for (const Json& one : each.at("series")) sum += one.at("values").at(step).get<double>();
    CHECK(values(total, "count").at(step) == sum);
  }
  const Json hour = world.history({{"since", "2024-11-23T09:00Z"}, {"until", "2024-11-23T10:00Z"}});
  CHECK(hour.at("begin_at") == "2024-11-23T09:00:00.000000000Z");
  CHECK(hour.at("end_at") == "2024-11-23T10:00:00.000000000Z");
  CHECK(hour.at("steps") == 60);
}

TEST_CASE("RouteHistory: stages, gauges, losses and events") {
  const NightFile world;
  const Json data = world.history(
      {{"figure",
        "stage:database,gauge:connections,gauge_max:connections,gauge:load_1m_milli,lost"},
       {"step", "1min"}});
  const Json stage = values(data, "stage:database");
  const Json mean = values(world.history({{"figure", "mean_ns"}}), "mean_ns");
  REQUIRE(stage.at(10).is_number());
  CHECK(stage.at(10).get<double>() / mean.at(10).get<double>() ==
        doctest::Approx(0.78).epsilon(0.02));
  CHECK(values(data, "gauge:connections").at(7) == 107.0);
  CHECK(values(data, "gauge_max:connections").at(7) == 207.0);
  CHECK(values(data, "gauge:connections").at(121).is_null());
  CHECK(values(data, "lost").at(300) == 7.0);
  CHECK(values(data, "lost").at(299) == 0.0);
  for (const Json& one : data.at("series")) {
    CHECK(one.at("operation").is_null());
    CHECK(one.at("ring").is_null() ==
          (one.at("figure") != "gauge:connections" && one.at("figure") != "gauge_max:connections"));
  }
  const Json wide =
      world.history({{"figure", "gauge:connections,gauge_max:connections"}, {"step", "1h"}});
  REQUIRE(values(wide, "gauge:connections").size() == 9);   // from two to eleven
  CHECK(values(wide, "gauge:connections").at(0) == 143.0);  // the last of 02:16 to 02:59
  CHECK(values(wide, "gauge_max:connections").at(0) == 243.0);
  const Json event = world.history({{"operation", "LOGIN_FAILED"}, {"figure", "count"}});
  CHECK(values(event, "count").at(440).get<double>() >= 9);
}

TEST_CASE("RouteHistory: the number of points is bounded, and the step says what was used") {
  const NightFile world;
  const Json fine = world.history({{"step", "1s"}, {"figure", "count"}});
  CHECK(fine.at("step_seconds") == 60);
  const Json odd = world.history({{"step", "61s"}, {"figure", "count"}});
  CHECK(odd.at("step_seconds") == 120);
  HistorySpan span;
  span.begin_wall_s = 0;
  span.end_wall_s = 7 * 86'400;
  CHECK(steps_of(span, 0, 480).seconds == 1260);
  CHECK(steps_of(span, 0, 480).count == 480);
  CHECK(steps_of(span, 3'600, 1500).count == 168);
  span.rings = {{"chat", {{0, 3600, 0, 3600, 0}}, 0}};
  CHECK(steps_of(span, 0, 10'000).seconds == 3600);
  span.begin_wall_s = 1800;
  CHECK(steps_of(span, 0, 10'000).begin_wall_s == 0);
  CHECK(steps_of(span, 7200, 1500).begin_wall_s == 0);
  CHECK(steps_of(span, 0, 1).count == 1);
  CHECK(steps_of(span, 0, 168).count <= 168);
  span.end_wall_s = 0;
  CHECK(steps_of(span, 0, 480).count == 0);
}

TEST_CASE("RouteHistory: what is not there is told, with what is") {
  NightFile world;
  const auto told = [&](Fields query, const char* code) {
    const Response response = world.api("history", std::move(query));
    CHECK(code_of(response) == code);
    return detail_of(response);
  };
  CHECK(told({{"operation", "SEND_MESSAGES"}}, "404 unknown_operation") ==
        "operation 'SEND_MESSAGES': not known; nearest known: 'SEND_MESSAGE'");
  CHECK(told({{"ring", "chut"}}, "404 unknown_ring") ==
        "ring 'chut': not known; nearest known: 'chat'");
  CHECK(told({{"figure", "stage:databas"}}, "404 unknown_figure") ==
        "figure 'stage:databas': not known; nearest known: 'stage:database'");
  CHECK(told({{"figure", "gauge:connection"}}, "404 unknown_figure") ==
        "figure 'gauge:connection': not known; nearest known: 'gauge:connections'");
  CHECK(told({{"since", "yesterday"}}, "400 invalid_span") ==
        "since 'yesterday': expected a UTC time such as 2026-11-27T02:00Z, or how long ago, such "
        "as 8h; see /api/v1/openapi.json");
  CHECK(told({{"since", "2100-01-01"}}, "400 invalid_span").find("--") == std::string::npos);
  world.sources.history = world.directory.path();
  told({}, "500 history_failed");
  world.sources.history.clear();
  told({}, "503 no_history");
}

TEST_CASE(
    "RouteHistory: an empty history answers with no points, and the span that was asked for") {
  NightFile world;
  world.sources.history = world.directory.file("empty.db");
  REQUIRE(write_history(world.sources.history, {}) == "");
  const Response response = world.api("history", {{"since", "1h"}, {"figure", "count,p95_ns"}});
  const Json data = data_of(response);
  const Json asked = parsed(response).at("meta").at("asked");
  const std::int64_t now_s = world.sources.now_wall_ns / 1'000'000'000;
  const std::int64_t end_s = (now_s + 59) / 60 * 60;
  CHECK(data.at("steps") == 0);
  CHECK(data.at("step_seconds") == 60);
  CHECK(data.at("begin_unix_ms") == (now_s - 3600) / 60 * 60 * 1000);
  CHECK(data.at("end_at") == data.at("begin_at"));
  CHECK(data.at("series").dump() ==
        R"([{"figure":"count","operation":null,"ring":null,"values":[]},)"
        R"({"figure":"p95_ns","operation":null,"ring":null,"values":[]}])");
  CHECK(data.at("marks").empty());
  CHECK(data.at("incidents").empty());
  CHECK(asked.at("begin_at") == detail::json_at((now_s - 3600) * 1'000'000'000));
  CHECK(asked.at("end_at") == detail::json_at(end_s * 1'000'000'000));
  CHECK(world.history({{"operation", "SEND_MESSAGE"}, {"figure", "count"}})
            .at("series")
            .at(0)
            .at("operation") == "SEND_MESSAGE");
  CHECK(world.history({{"operation", "*"}}).at("series").empty());
  CHECK(world.history({{"figure", "gauge:connections,stage:new"}}).at("series").size() == 1);
  const auto told = [&](Fields query) { return code_of(world.api("history", std::move(query))); };
  CHECK(told({{"operation", "SEND_MESSAGES"}}) == "404 unknown_operation");
  CHECK(told({{"ring", "chut"}}) == "404 unknown_ring");
  CHECK(told({{"ring", "chat"}}) == "200");
  CHECK(told({{"since", "yesterday"}}) == "400 invalid_span");
  CHECK(told({{"since", "2100-01-01"}}) == "400 invalid_span");
  CHECK(told({{"since", "1h"}, {"until", "2h"}}) == "400 invalid_span");
  // Before the first tick nobody can tell which names there are.
  world.sources.present = nullptr;
  CHECK(told({{"operation", "SEND_MESSAGES"}}) == "200");
  CHECK(told({{"ring", "chut"}}) == "200");
}

TEST_CASE("RouteHistory: nothing since the asked begin has no points, either") {
  NightFile world;
  world.sources.now_wall_ns += 86'400'000'000'000;  // the daemon was down for a day
  const Response response = world.api("history", {{"since", "1h"}});
  CHECK(data_of(response).at("steps") == 0);
  CHECK(parsed(response).at("meta").at("asked").at("end_at") ==
        detail::json_at((world.sources.now_wall_ns / 60'000'000'000 + 1) * 60'000'000'000));
  CHECK(world.history({{"since", "2d"}}).at("steps") > 0);
}

TEST_CASE("RouteHistory: what the server has and the span has not is in no series") {
  NightFile world;
  HistorySpan other = world.night;
  std::erase_if(other.series, [](const HistorySeries& one) { return one.name == "SEND_MESSAGE"; });
  for (HistorySeries& series : other.series) series.stage_names = {};
  other.gauges.clear();
  for (HistoryRing& ring : other.rings) ring.ring = "old";
  for (HistorySeries& series : other.series) series.ring = "old";
  world.sources.history = world.directory.file("other.db");
  REQUIRE(write_history(world.sources.history, other) == "");
  CHECK(world.history({{"operation", "SEND_MESSAGE"}}).at("series").empty());
  CHECK(world.history({{"figure", "count,stage:database"}}).at("series").size() == 1);
  CHECK(world.history({{"figure", "stage:database"}}).at("steps") > 0);
  CHECK(world.history({{"ring", "chat"}}).at("series").empty());
  CHECK(world.history({{"ring", "old"}}).at("series").size() == 5);
  CHECK(code_of(world.api("history", {{"ring", "new"}})) == "404 unknown_ring");
}
