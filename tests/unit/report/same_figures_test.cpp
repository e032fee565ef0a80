// One report in four formats: every figure of one is in the others. What is compared is what the
// sections write, so that a figure that a format drops, cuts or rounds is found.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <nlohmann/json.hpp>

#include "report/analysis/past_snapshot.h"
#include "report/model/format.h"
#include "report/render/html/html.h"
#include "report/render/json.h"
#include "report/render/markdown.h"
#include "report/render/text.h"
#include "tests/unit/report/compared_sample.h"
#include "tests/unit/report/night.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/recording_page.h"
#include "tests/unit/report/sample.h"

using namespace ringside;
using Json = nlohmann::json;

namespace {

using Words = std::map<std::string, int>;

// The words with a digit, and how often each stands there.
Words figures_in(const std::string& text) {
  Words words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) {
    if (word.find_first_of("0123456789") != std::string::npos) ++words[word];
  }
  return words;
}

std::string without(std::string text, const std::map<std::string, std::string>& replacements) {
  for (const auto& [part, with] : replacements) {
    for (std::size_t at = text.find(part); at != std::string::npos;
         at = text.find(part, at + with.size()))
      text.replace(at, part.size(), with);
  }
  return text;
}

// Unescaped, and with blanks for what separates cells and elements.
std::string plain_markdown(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size())
      out += text[++i];
    else
      out += text[i] == '|' ? ' ' : text[i];
  }
  return without(out, {{"**:", " "}, {"**", " "}});
}

// The text of the page's elements, without style and scripts.
std::string plain_html(std::string page) {
  page = page.substr(page.find("<body"));
  page = page.substr(0, page.find("<script"));
  std::string out;
  bool tag = false;
  for (const char c : page) {
    if (c == '<') tag = true;
    if (!tag) out += c;
    if (c == '>') {
      tag = false;
      out += ' ';
    }
  }
  return without(out,
                 {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}});
}

std::string all_texts(const Report& report, const Limits& limits) {
  sample::RecordingPage page;
  write_document(page, report, limits);
  std::string text;
  for (const auto& element : page.elements()) {
    // The number of an item is "1." here and "1" there.
    const std::ptrdiff_t first = element.kind == "numbered" ? 1 : 0;
    for (auto one = element.texts.begin() + first; one != element.texts.end(); ++one)
      text += *one + "\n";
  }
  return text;
}

// Each figure of `expected` is in `found` as often, at least.
void check_contains(const Words& found, const Words& expected, const std::string& format) {
  CAPTURE(format);
  int shown = 0;
  for (const auto& [word, times] : expected) {
    const auto at = found.find(word);
    if (at != found.end() && at->second >= times) continue;
    if (++shown > 5) break;
    CAPTURE(word);
    CHECK((at == found.end() ? 0 : at->second) >= times);
  }
}

void check_same_figures(const Report& report, std::size_t at_least = 300) {
  const Limits limits = {.whole = true};
  const Words expected = figures_in(all_texts(report, limits));
  CHECK(expected.size() > at_least);
  // So wide that no table is split and nothing is cut.
  check_contains(figures_in(render_text(report, {.width = 400, .limits = limits})), expected,
                 "text");
  check_contains(figures_in(plain_markdown(render_markdown(report, limits))), expected, "Markdown");
  check_contains(figures_in(plain_html(render_html(report, limits))), expected, "HTML");
}

}  // namespace

TEST_CASE("SameFigures: text, Markdown and HTML have every figure that the sections write") {
  const Snapshot night = sample::after_the_night();
  check_same_figures(Report(night, &sample::night()));
  const Snapshot numbered = sample::numbered();
  check_same_figures(Report(numbered));
  const sample::ComparedNights nights = sample::compared_nights();
  const Comparison comparison = sample::compared(nights);
  const Snapshot now = past_snapshot(nights.now);
  check_same_figures(Report(now, &nights.now, &comparison), 200);
}

TEST_CASE("SameFigures: the tables show what the JSON report has") {
  const Snapshot snapshot = sample::after_the_night();
  const Report report(snapshot, &sample::night());
  const Json json = Json::parse(render_json(report));
  sample::RecordingPage page;
  write_document(page, report, {.whole = true});
  const auto counts = page.tables("operation|count|rate|errors|error %|refused|refused %").at(0);
  const auto spans = page.tables("operation|min|mean|p50|p90|p95|p99|p99.9|max").at(0);
  std::size_t seen = 0;
  for (const Json& operation : json["operations"]) {
    const Json& hour = operation["windows"]["1h"];
    if (hour["count"] == 0) continue;
    const auto row_of = [&](const auto& rows) {
      return *std::find_if(rows.begin(), rows.end(), [&](const auto& row) {
        return row[0] == operation["name"].get<std::string>();
      });
    };
    const auto count = row_of(counts);
    CHECK(count[1] == format_count(hour["count"]));
    CHECK(count[2] == format_rate(hour["rate_per_s"]));
    CHECK(count[3] == format_count(hour["errors"]));
    CHECK(count[4] == format_percent(hour["error_rate"]));
    CHECK(count[5] == format_count(hour["refused"]));
    const auto span = row_of(spans);
    const char* const keys[] = {"min", "mean", "p50", "p90", "p95", "p99", "p999", "max"};
    for (std::size_t i = 0; i < std::size(keys); ++i) {
      const Json& needed = json["quantile_min_samples"];
      const bool enough = !needed.contains(keys[i]) || hour["timed"] >= needed[keys[i]];
      CHECK(span[i + 1] ==
            (enough ? format_span(hour[std::string(keys[i]) + "_ns"].get<double>()) : "–"));
    }
    ++seen;
  }
  CHECK(seen == counts.size() - json["categories"].size() - 1);
  // The history: steps of the table are made of points.
  std::uint64_t in_points = 0, in_steps = 0;
  for (const Json& point : json["history"]["points"])
    in_points += point["count"].is_null() ? 0 : point["count"].get<std::uint64_t>();
  auto steps = page.tables("from|calls|rate|failed %|p50|p95|p99|max").at(0);
  for (auto& row : steps) {
    std::erase(row[1], ',');
    in_steps += std::stoull(row[1]);
  }
  CHECK(in_points == in_steps);
  // The stories and the bottlenecks.
  const Json& analysis = json["analysis"];
  const std::string texts = all_texts(report, {.whole = true});
  for (const Json& story : analysis["stories"]) {
    for (const char* part : {"what", "whom", "next"})
      CHECK(texts.find(story[part].get<std::string>()) != std::string::npos);
  }
  const auto felt = page.tables("operation|felt|at once").at(0);
  REQUIRE(felt.size() == analysis["bottlenecks"]["felt"].size());
  for (std::size_t i = 0; i < felt.size(); ++i) {
    CHECK(felt[i][1] == format_span(analysis["bottlenecks"]["felt"][i]["felt_ns"].get<double>()));
    CHECK(felt[i][2] == format_number(analysis["bottlenecks"]["felt"][i]["at_once"].get<double>()));
  }
  const auto load = page.tables("operation|minutes|calls/s|to|mean|to|corr.|it").at(0);
  REQUIRE(load.size() == analysis["bottlenecks"]["load"].size());
  for (std::size_t i = 0; i < load.size(); ++i) {
    const Json& one = analysis["bottlenecks"]["load"][i];
    CHECK(load[i][1] == format_count(one["minutes"]));
    CHECK(load[i][4] == (one["low_ns"].is_null() ? "–" : format_span(one["low_ns"].get<double>())));
  }
}
