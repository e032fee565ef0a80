// The JSON report at its edges: what is one is not null, and what is nothing is not one.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "report/render/json.h"
#include "tests/unit/report/ones.h"
#include "tests/unit/report/sample.h"

using namespace ringside;

namespace {

using Document = nlohmann::ordered_json;

Document document_of(const Snapshot& snapshot) {
  return Document::parse(render_json(Report(snapshot)));
}

}  // namespace

TEST_CASE("Json: pressure and the limit of open files, where they are known") {
  Snapshot snapshot;
  snapshot.processes.resize(1);
  snapshot.processes[0].open_files_limit = 1024;
  snapshot.host.io_pressure = Pressure{12.5, 3};
  const Document json = document_of(snapshot);
  CHECK(json["system"]["processes"][0]["open_files_limit"] == 1024);
  CHECK(json["system"]["host"]["pressure"]["io"] ==
        Document{{"some_percent", 12.5}, {"full_percent", 3.0}});
  CHECK(json["system"]["host"]["pressure"]["cpu"].is_null());
}

TEST_CASE("Json: stages that were marked or named are listed, others are not") {
  Snapshot snapshot = sample::ones();
  SeriesView& series = snapshot.operations[0];
  series.stage_names = {"", "named", "", "both"};
  series.windows[1].stages = {};
  series.windows[1].stages[0].count = 1;
  series.windows[1].stages[3].count = 2;
  const Document stages = document_of(snapshot)["operations"][0]["windows"]["1m"]["stages"];
  REQUIRE(stages.size() == 3);
  CHECK(stages[0]["stage"] == 0);
  CHECK(stages[0]["name"] == "");
  CHECK(stages[0]["count"] == 1);
  CHECK(stages[1]["stage"] == 1);
  CHECK(stages[1]["name"] == "named");
  CHECK(stages[1]["count"] == 0);
  CHECK(stages[2]["stage"] == 3);
  CHECK(stages[2]["count"] == 2);
}

TEST_CASE("Json: rates and shares of the least that there can be") {
  Snapshot snapshot = sample::ones();
  WindowStats& minute = snapshot.all.windows[1];
  minute.seconds = 0.5;
  const Document one = document_of(snapshot);
  CHECK(one["all"]["windows"]["1m"]["rate_per_s"] == 2.0);
  CHECK(one["all"]["windows"]["1m"]["error_rate"] == 1.0);
  CHECK(one["all"]["windows"]["1m"]["p50_ns"] == 1.0);
  CHECK(one["analysis"]["errors"][0]["share"] == 1.0);
  CHECK(one["analysis"]["security"]["stage"]["count"] == 1);
  CHECK(one["rings"][0]["pid"] == 1);
  CHECK(one["rings"][0]["segment_bytes"] == 1);
  CHECK(one["rings"][0]["created_at"] == "1970-01-01T00:00:00.000000001Z");
  minute = {};
  snapshot.operations[0].windows = {};
  const Document none = document_of(snapshot);
  for (const char* name : {"rate_per_s", "error_rate", "min_ns", "mean_ns", "max_ns", "p95_ns"})
    CHECK(none["all"]["windows"]["1m"][name].is_null());
  CHECK(none["analysis"]["errors"][0]["share"].is_null());
  CHECK(none["analysis"]["security"]["stage"].is_null());
}

TEST_CASE("Json: a threshold of an operation is its own from the least on") {
  const Document json = document_of(sample::ones())["thresholds"];
  CHECK(json["response_ms"] == 1e-6);
  CHECK(json["error_rate"] == 0.005);
  CHECK(json["operations"]["SEND"]["response_ms"] == 1e-6);
  CHECK(json["operations"]["SEND"]["error_rate"] == 0.0);
  CHECK(json["operations"]["SEARCH"]["response_ms"].is_null());
  CHECK(json["operations"]["SEARCH"]["error_rate"] == 0.005);
}

TEST_CASE("Json: text stands as it is, in one line or in many") {
  const Snapshot snapshot = sample::ones();
  const std::string text = render_json(Report(snapshot));
  CHECK(text.find("\"message\":\"é\"") != std::string::npos);
  CHECK(text.find('\n') == std::string::npos);
  CHECK(render_json(Report(snapshot), {.indent = 2}).rfind("{\n  \"ringside_report\": 2,\n", 0) ==
        0);
}

TEST_CASE("Json: an address has its text beside its id, IPv4 and IPv6") {
  Snapshot s = sample::ones();
  s.blocks = {{"chat", {PartyKind::address, 0x7f000002}, 1, 1, 1, 1, 1},
              {"chat", {PartyKind::address, 0x20010db800010002}, 1, 1, 1, 1, 1},
              {"chat", {PartyKind::address, 0x100000001}, 1, 1, 1, 1, 1}};
  s.slowest[0].actor = {PartyKind::user, 7};
  s.slowest[0].subject = {PartyKind::address, 0xfe80000a000b000c};
  const Document json = document_of(s);
  std::vector<Document> addresses;
  for (const Document& block : json["analysis"]["security"]["blocks"])
    addresses.push_back(block["address"]);
  CHECK(addresses == std::vector<Document>{{{"kind", "address"},
                                            {"id", "2130706434"},
                                            {"label", nullptr},
                                            {"text", "127.0.0.2"}},
                                           {{"kind", "address"},
                                            {"id", "2306139568115613698"},
                                            {"label", nullptr},
                                            {"text", "2001:db8:1:2::/64"}},
                                           {{"kind", "address"},
                                            {"id", "4294967297"},
                                            {"label", nullptr},
                                            {"text", "::1"}}});
  CHECK(json["top"]["slowest"][0]["subject"]["text"] == "fe80::…:a:b:c");
  CHECK(!json["top"]["slowest"][0]["actor"].contains("text"));
}
