// The report in Markdown: escaping, each element, and that it says what the text report says.
#include "report/render/markdown.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "report/render/markdown_page.h"
#include "tests/unit/report/night.h"
#include "tests/unit/report/sample.h"

using namespace ringside;

TEST_CASE("Markdown: a name is only a name") {
  CHECK(markdown_text("SEND_MESSAGE") == "SEND_MESSAGE");
  CHECK(markdown_text("_a_ and a_") == "\\_a\\_ and a\\_");
  CHECK(markdown_text("a|b") == "a\\|b");
  CHECK(markdown_text("`x` *y* ~z~ $1$") == "\\`x\\` \\*y\\* \\~z\\~ \\$1\\$");
  CHECK(markdown_text("<b>&amp;</b>") == "\\<b\\>\\&amp;\\</b\\>");
  CHECK(markdown_text("[a](b) ![c](d)") == "\\[a\\](b) \\!\\[c\\](d)");
  CHECK(markdown_text("http://x www.y @all #12") == "http\\://x www\\.y \\@all \\#12");
  CHECK(markdown_text("\\n") == "\\\\n");
  CHECK(markdown_text("10:15:55, p99.9, 4.2 %, é") == "10:15:55, p99.9, 4.2 %, é");
}

TEST_CASE("Markdown: a text begins no list, heading or quote") {
  CHECK(markdown_text("# a", true) == "\\# a");
  CHECK(markdown_text("- a", true) == "\\- a");
  CHECK(markdown_text("+ a", true) == "\\+ a");
  CHECK(markdown_text("=", true) == "\\=");
  CHECK(markdown_text("12. a", true) == "12\\. a");
  CHECK(markdown_text("12) a", true) == "12\\) a");
  CHECK(markdown_text("12 a.", true) == "12 a.");
  CHECK(markdown_text("> a", true) == "\\> a");
  CHECK(markdown_text("- a") == "- a");
  CHECK(markdown_text("", true).empty());
}

TEST_CASE("Markdown: each element in its form") {
  MarkdownPage page;
  page.title("Report · a|b", "2024");
  page.heading("FIRST");
  page.sentence("One.");
  page.sentence("Two.");
  page.bullet("a");
  page.bullet("b");
  page.field("name", "value");
  page.field("", "more");
  Table table({{"name", Align::left}, {"took", Align::span}, {"that", Align::prose}});
  table.row({"a|b", "1 ms", "x"});
  table.rule();
  table.row({"all", "2 ms", "y"});
  page.table(table);
  page.subheading("Within");
  page.numbered(1, "Do this", {{"gain", "much"}});
  page.timeline({{"10:00", {"warning", "x"}, "said"}, {"10:01", {}, "text"}});
  page.verbatim("a = ```");
  page.verbatim("");
  page.verbatim("b = 1");
  page.heading("SECOND");
  CHECK(page.take() ==
        "# Report · a\\|b\n\n2024\n\n## FIRST\n\nOne.\n\nTwo.\n\n- a\n- b\n\n"
        "- **name**: value\n  - more\n\n"
        "| name | took | that |\n| :--- | ---: | :--- |\n| a\\|b | 1 ms | x |\n"
        "| all | 2 ms | y |\n\n### Within\n\n1. Do this\n   - **gain**: much\n\n"
        "- 10:00 · warning · x — said\n- 10:01 — text\n\n"
        "````\na = ```\n\nb = 1\n````\n\n## SECOND\n");
}

TEST_CASE("Markdown: every row has as many cells as its table has columns, whatever the names") {
  const Snapshot snapshot = sample::after_a_hostile_night();
  const HistorySpan night = sample::hostile_night();
  std::istringstream lines(render_markdown(Report(snapshot, &night)));
  std::size_t columns = 0, rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('|')) {
      columns = 0;
      continue;
    }
    std::size_t bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '\\')
        ++i;
      else
        bars += line[i] == '|' ? 1 : 0;
    }
    if (columns == 0) columns = bars;
    CAPTURE(line);
    CHECK(bars == columns);
    ++rows;
  }
  CHECK(rows > 100);
}

TEST_CASE("Markdown: a quiet night is short here, too") {
  const std::string text = render_markdown(Report(sample::calm()));
  CHECK(text.find("## EVERYTHING ELSE") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') < 40);
}
