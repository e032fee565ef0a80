// What the report says of a comparison, in every format.
#include <doctest/doctest.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "report/analysis/comparison.h"
#include "report/analysis/past_snapshot.h"
#include "report/model/format.h"
#include "report/render/html/html.h"
#include "report/render/json.h"
#include "report/render/markdown.h"
#include "report/render/text.h"
#include "tests/unit/report/compared_sample.h"
#include "tests/unit/report/night.h"
#include "tests/unit/report/recording_page.h"

using namespace ringside;
using Json = nlohmann::json;

namespace {

struct Compared {
  sample::ComparedNights nights = sample::compared_nights();
  Comparison comparison = sample::compared(nights);
  Snapshot snapshot = past_snapshot(nights.now);
  Report report{snapshot, &nights.now, &comparison};
};

const Compared& nights_compared() {
  static const Compared compared;
  return compared;
}

bool tells(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("Compared: the verdict says first what became slower, and the section proves it") {
  const Comparison& comparison = nights_compared().comparison;
  CAPTURE(comparison.verdict);
  const std::string begin = "SEND is ";
  CHECK(comparison.verdict.starts_with(begin));
  CHECK(
      tells(comparison.verdict, " % slower than it was from 2026-03-02 00:00 to 08:00 UTC: p50 "));
  CHECK(tells(comparison.verdict, ", mostly in stage database ("));
  CHECK(tells(comparison.verdict, "Another mix: MIXED; faster: LIST by "));
  CHECK(tells(comparison.verdict, "more of them fail: LOGIN."));
  sample::RecordingPage page;
  write_document(page, nights_compared().report, {});
  const auto rows = page.tables("operation|calls/s|now|p50|now|by|p95|now|by|it is").at(0);
  REQUIRE(rows.size() == 5);
  const auto kind_of = [&](const std::string& name) {
    return std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row[0] == name; })
        ->back();
  };
  CHECK(rows[0][0] == "SEND");
  CHECK(kind_of("SEND") == "slower");
  CHECK(kind_of("LIST") == "faster");
  CHECK(kind_of("LOGIN") == "the same");
  CHECK(kind_of("MIXED") == "another mix");
  CHECK(kind_of("RARE") == "too few calls");
  std::string section;
  for (const auto& element : page.section("COMPARED WITH ANOTHER TIME")) {
    for (const std::string& text : element.texts) section += text + "\n";
  }
  for (const char* words :
       {"Yesterday, from 2026-03-02 00:00 to 08:00 UTC: 8 h 00 min of it are in the history.",
        "Seen only then: GONE.", "Seen only now: NEW.",
        "Of the past, 10 slots with an incident are left out."}) {
    CAPTURE(section);
    const std::string found = tells(section, words) ? words : "";
    CHECK(found == words);
  }
  for (const std::string& text :
       {render_text(nights_compared().report, {.width = 400, .limits = {}}),
        render_markdown(nights_compared().report), render_html(nights_compared().report)}) {
    CHECK(tells(text, "slower than it was from 2026-03-02 00:00 to 08:00 UTC"));
    CHECK(tells(text, "Seen only then: GONE."));
  }
}

TEST_CASE("Compared: without a comparison there is no such section, and JSON says null") {
  const Report report(nights_compared().snapshot, &nights_compared().nights.now);
  CHECK_FALSE(tells(render_text(report), "COMPARED WITH"));
  CHECK(Json::parse(render_json(report))["comparison"].is_null());
}

TEST_CASE("Compared: the tables show what JSON has") {
  const Json json = Json::parse(render_json(nights_compared().report))["comparison"];
  CHECK(json["asked"] == "yesterday");
  CHECK(json["begin_at"] == "2026-03-02T00:00:00.000000000Z");
  CHECK(json["observed_seconds"] == 28'800);
  CHECK(json["verdict"] == nights_compared().comparison.verdict);
  CHECK(json["slots_left_out"] == 10);
  CHECK(json["only_then"] == Json::array({"GONE"}));
  sample::RecordingPage page;
  write_document(page, nights_compared().report, {.whole = true});
  const auto rows = page.tables("operation|calls/s|now|p50|now|by|p95|now|by|it is").at(0);
  REQUIRE(rows.size() == json["operations"].size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Json& operation = json["operations"][i];
    CHECK(rows[i][0] == operation["operation"]);
    CHECK(rows[i][1] == format_number(operation["then"]["rate_per_s"]));
    CHECK(rows[i][2] == format_number(operation["now"]["rate_per_s"]));
    const Json& p50 = operation["figures"][0];
    CHECK(p50["figure"] == "p50");
    CHECK(rows[i][3] == (p50["then"].is_null() ? "–" : format_span(p50["then"])));
    CHECK(rows[i][4] == (p50["now"].is_null() ? "–" : format_span(p50["now"])));
    // The sums of the whole span are those of the report of that span.
    const auto series = std::find_if(
        nights_compared().snapshot.operations.begin(), nights_compared().snapshot.operations.end(),
        [&](const SeriesView& one) { return one.name == operation["operation"]; });
    const WindowStats& stats = series->window(Window::since_start);
    CHECK(operation["now"]["count"] == stats.count());
    CHECK(operation["now"]["errors"] == stats.errors);
    if (!operation["now"]["p95_ns"].is_null())
      CHECK(operation["now"]["p95_ns"].get<double>() == stats.quantile_ns(0.95));
  }
  // Every figure that is judged stands in a table of the whole report.
  std::size_t judged = 0;
  for (const Json& operation : json["operations"]) {
    for (const Json& figure : operation["figures"]) judged += figure["then"].is_null() ? 0 : 1;
  }
  CHECK(judged == json["figures_judged"]);
  CHECK(page.tables("operation|of it|then|now|by|certain|").at(0).size() == judged);
}

TEST_CASE("Compared: names that try to break out stay where they are") {
  const sample::ComparedNights nights = sample::compared_nights(true);
  const Comparison comparison = sample::compared(nights);
  const Snapshot snapshot = past_snapshot(nights.now);
  const std::string page = render_html(Report(snapshot, &nights.now, &comparison));
  CHECK_FALSE(tells(page, "<script>document.title='owned'"));
  CHECK_FALSE(tells(page, "<img src=x"));
  CHECK_FALSE(tells(render_text(Report(snapshot, &nights.now, &comparison)), "\u202e"));
}
