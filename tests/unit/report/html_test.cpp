// The HTML report as text. tests/programs/browser opens it in a real browser.
#include "report/render/html/html.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "report/model/format.h"
#include "report/render/html/assets.h"
#include "report/render/html/charts.h"
#include "report/render/html/html_page.h"
#include "report/render/html/html_text.h"
#include "report/render/html/svg.h"
#include "tests/unit/report/night.h"
#include "tests/unit/report/sample.h"

using namespace ringside;

namespace {

std::size_t occurrences(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

}  // namespace

TEST_CASE("Html: text and JSON stay in their places") {
  CHECK(html::text("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;");
  CHECK(html::script_json("\"</script><!--&\u2028\u2029é\"") ==
        "\"\\u003c/script\\u003e\\u003c!--\\u0026\\u2028\\u2029é\"");
}

TEST_CASE("Html: what is embedded closes no element early") {
  for (const std::string_view asset : {html::kChartJs, html::kScript, html::kStyle}) {
    CHECK(asset.size() > 1000);
    CHECK(asset.find("</s") == std::string_view::npos);
    CHECK(asset.find("<!--") == std::string_view::npos);
  }
  CHECK(html::kChartJs.find("Chart.js v3.9") != std::string_view::npos);
}

TEST_CASE("Html: nothing refers to another file") {
  const Snapshot snapshot = sample::after_the_night();
  const std::string page = render_html(Report(snapshot, &sample::night()));
  std::string own = page;
  own.erase(own.find(html::kChartJs), html::kChartJs.size());  // it names its home
  for (const char* part : {"http:", "https:", "src=", "url(", "@import", "fetch("})
    CHECK(own.find(part) == std::string::npos);
  CHECK(page.find("default-src 'none'") != std::string::npos);
  CHECK(page.size() < 1'000'000);
}

TEST_CASE("Html: thousands of marks and incidents leave the page small, and are counted") {
  Snapshot snapshot = sample::after_the_night();
  HistorySpan night = sample::night();
  const std::size_t own = night.marks.size();
  std::size_t deploys = 0;
  for (const HistoryMark& mark : night.marks) deploys += mark.kind == HistoryMark::Kind::deploy;
  for (int i = 0; i < 20'000; ++i) {
    night.marks.push_back({night.begin_wall_s * 1'000'000'000 + i, HistoryMark::Kind::loss, "chat",
                           "9 records were overwritten before they were read"});
    IncidentView& incident = snapshot.incidents.emplace_back();
    incident.id = "i" + std::to_string(i);
    incident.ring = "chat";
    incident.peak = AlertLevel::warning;
    incident.began_wall_ns = night.begin_wall_s * 1'000'000'000 + i;
    incident.ended_wall_ns = incident.began_wall_ns + 1;
  }
  const Report report(snapshot, &night);
  const html::ChartData data = html::bands_and_marks(report);
  CHECK(data["bands"].size() == 300);
  CHECK(data["marks"].size() == 300);
  const std::string page = render_html(report);
  CHECK(page.size() < 1'000'000);
  CHECK(page.find(format_count(20'000 + own - 300) + " more") != std::string::npos);
  // What explains a change stays, at its time.
  std::size_t shown = 0;
  for (const auto& mark : data["marks"]) shown += mark["deploy"] == true;
  CHECK(shown == deploys);
  CHECK(std::is_sorted(data["marks"].begin(), data["marks"].end(),
                       [](const auto& a, const auto& b) { return a["at"] < b["at"]; }));
}

TEST_CASE("Html: hostile names become text, everywhere") {
  const Snapshot snapshot = sample::after_a_hostile_night();
  const HistorySpan night = sample::hostile_night();
  const std::string page = render_html(Report(snapshot, &night));
  const Snapshot tame = sample::after_the_night();
  const std::string other = render_html(Report(tame, &sample::night()));
  for (const char* part : {"<script", "</script", "<img", "onerror=\"", "<!--", "\u202e", "\u2028"})
    CHECK(occurrences(page, part) == occurrences(other, part));
  CHECK(occurrences(page, "&lt;/script&gt;") > 50);
}

TEST_CASE("Html: without history no script is needed, and the page says why") {
  const std::string page = render_html(Report(sample::calm()));
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("There is no history beside this report") != std::string::npos);
  const HistorySpan empty;
  CHECK(render_html(Report(sample::calm(), &empty)).find("history of this report is empty") !=
        std::string::npos);
}

TEST_CASE("Html: a quiet night is shown whole, and few charts are drawn by a script") {
  const std::string page = render_html(Report(sample::calm()));
  CHECK(page.find("<h2>Operations</h2>") != std::string::npos);
  CHECK(page.find("<h2>Configuration in force</h2>") != std::string::npos);
  const Snapshot snapshot = sample::after_the_night();
  const Report report(snapshot, &sample::night());
  html::HtmlPage written(report);
  write_document(written, report, {});
  CHECK(written.chart_data().size() == 3);
  CHECK(written.chart_data().size() <= html::kMostCharts);
  for (const auto& chart : written.chart_data()) {
    for (const auto& series : chart["series"]) CHECK(series["values"].size() <= html::kMostPoints);
  }
}

TEST_CASE("Html: an axis of spans covers whole octaves, and holds what lies beside it") {
  html::SpanAxis axis;
  CHECK(axis.empty());
  axis.left = 10;
  axis.width = 100;
  axis.cover({{{-320, 1}}});  // up to 2^-10 s
  CHECK(axis.low == -11);
  CHECK(axis.high == -10);
  axis.cover({{{1, 1}}});  // just above 1 s
  CHECK(axis.high == 1);
  CHECK(axis.at_seconds(std::exp2(-11)) == 10);
  CHECK(axis.at_seconds(2) == 110);
  CHECK(axis.at_seconds(100) == 110);
  CHECK(axis.at_seconds(0) == 10);
  CHECK(axis.at_ns(-1) == 10);
  const auto marks = html::marks_of(axis);
  REQUIRE(marks.size() == 4);
  CHECK(marks[0].label == "1 ms");
  CHECK(marks[2].label == "100 ms");
  CHECK(marks[3].label == "1 s");
  CHECK(html::step_text(60) == "1 min");
  CHECK(html::step_text(7200) == "2 h");
  CHECK(html::coordinate(1.04) == "1");
  CHECK(html::coordinate(1.05 + 0.01) == "1.1");
}
