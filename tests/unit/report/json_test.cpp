#include "report/render/json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "report/analysis/analysis.h"
#include "tests/unit/report/sample.h"

using namespace ringside;
using Json = nlohmann::json;

TEST_CASE("Json: it parses, and key figures come back as they went in") {
  const Snapshot snapshot = sample::busy();
  const Json json = Json::parse(render_json(snapshot));
  CHECK(json["ringside_report"] == kJsonVersion);
  CHECK(json["taken_at"] == "2024-11-23T10:15:55.123456789Z");
  CHECK(json["books"]["written"] == snapshot.books.written);
  CHECK(json["books"]["balance"] == true);
  CHECK(json["lanes"].size() == snapshot.lanes.size());
  CHECK(json["operations"].size() == 19);
  for (std::size_t i = 0; i < snapshot.operations.size(); ++i) {
    const SeriesView& series = snapshot.operations[i];
    const Json& out = json["operations"][i];
    CHECK(out["name"] == series.name);
    CHECK(out["server_count"] == series.server_count);
    CHECK(out["books"]["read"] == series.books.read);
    CHECK(out["last"].size() == series.last.size());
    for (std::size_t w = 0; w < kWindows; ++w) {
      const Json& window = out["windows"][kWindowNames[w]];
      CHECK(window["count"] == series.windows[w].count());
      CHECK(window["sum_ns"] == series.windows[w].sum_ns);
      Histogram histogram;
      for (const Json& bucket : window["histogram"]) histogram.buckets.push_back({bucket[0], bucket[1]});
      CHECK(histogram.buckets == series.windows[w].latency.buckets);
    }
  }
  CHECK(json["analysis"]["verdict"] == verdict_name(analyse(snapshot).verdict));
  CHECK(json["alerts"]["transitions"].size() == snapshot.transitions.size());
  CHECK(json["histogram_schema"]["schema"] == 5);
}

TEST_CASE("Json: ids are strings, so that none of their 64 bits is lost") {
  const std::string text = render_json(sample::busy());
  CHECK(text.find("\"id\":\"9007199254740993\"") != std::string::npos);
  const Json json = Json::parse(text);
  for (const Json& record : json["all"]["last"]) CHECK(record["actor"]["id"].is_string());
}

TEST_CASE("Json: whole figures are integers") {
  const Json json = Json::parse(render_json(sample::busy()));
  const Json& window = json["all"]["windows"]["1m"];
  for (const char* key : {"count", "recorded", "errors", "timed", "sum_ns", "min_ns", "max_ns"}) {
    CAPTURE(key);
    CHECK(window[key].is_number_integer());
  }
  CHECK(json["all"]["last"][0]["duration_ns"].is_number_integer());
}

TEST_CASE("Json: the greatest numbers survive") {
  Snapshot snapshot;
  snapshot.books.written = snapshot.books.read = ~std::uint64_t{0};
  snapshot.gauges.push_back({"r", "g", INT64_MIN, INT64_MAX});
  const Json json = Json::parse(render_json(snapshot));
  CHECK(json["books"]["written"].get<std::uint64_t>() == ~std::uint64_t{0});
  CHECK(json["system"]["gauges"][0]["value"].get<std::int64_t>() == INT64_MIN);
}

TEST_CASE("Json: hostile text and an empty snapshot are still JSON") {
  const std::string text = render_json(sample::hostile());
  CHECK(Json::accept(text));
  for (const char c : text) REQUIRE(static_cast<unsigned char>(c) >= 0x20);
  const Json empty = Json::parse(render_json(Snapshot{}));
  CHECK(empty["analysis"]["verdict"] == "blind");
  CHECK(empty["taken_at"].is_null());
  CHECK(empty["all"]["windows"]["1h"]["p50_ns"].is_null());
}

TEST_CASE("Json: the last records can be left out") {
  const Json json = Json::parse(render_json(sample::busy(), {.last_records = false}));
  CHECK_FALSE(json["operations"][0].contains("last"));
}
