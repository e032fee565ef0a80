// The sections can write onto any page. A second page, which keeps what is written, gets the same
// content as the text page.
#include "report/render/page.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "report/render/text.h"
#include "report/render/text_page.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/recording_page.h"
#include "tests/unit/report/sample.h"

using namespace ringside;
using sample::RecordingPage;

namespace {

// The text without its line breaks and the padding of its cells.
std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' && c != '\n') out += c;
  }
  return out;
}

}  // namespace

TEST_CASE("Page: what the sections say is on the text page, all of it and in its order") {
  for (const Snapshot& snapshot : {sample::busy(), sample::numbered(), Snapshot{}}) {
    const Report report(snapshot);
    RecordingPage page;
    write_document(page, report, {});
    // So wide that no table is split.
    const std::string text = squeezed(render_text(report, {.width = 400, .limits = {}}));
    std::size_t place = 0;
    for (const RecordingPage::Element& element : page.elements()) {
      for (const std::string& part : element.texts) {
        CAPTURE(element.kind);
        CAPTURE(part);
        const std::size_t found = text.find(squeezed(part), place);
        REQUIRE(found != std::string::npos);
        place = found;
      }
    }
  }
}

TEST_CASE("Page: the text page lays each element out") {
  TextPage page(41);
  page.title("A report of several rings", "2024-11-23");
  page.heading("FIRST");
  page.sentence("Some words that do not fit into one line.");
  Table table({{"name", Align::left}, {"took", Align::span}, {"that is", Align::prose}});
  table.row({"a", "240 ms", "one"});
  table.row({"b", "4.20 s", "two and three and four and five and six"});
  table.row({"c", "–", "seven"});
  page.table(table);
  page.sentence("A note to it.");
  page.bullet("one");
  page.bullet("two");
  page.field("name", "value");
  page.field("", "more");
  page.subheading("Within");
  page.timeline({{"10:00", {"warning", "x"}, "said"}, {"10:01", {"info", "y"}, ""}});
  page.numbered(1, "Do this", {{"gain", "much"}});
  page.numbered(2, "Do that", {});
  page.heading("SECOND");
  page.verbatim("[a]");
  page.verbatim("");
  page.verbatim("b = 1");
  CHECK(page.take() ==
        "A report of several rings      2024-11-23\n"
        "\n"
        "━━ FIRST ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━\n"
        "  Some words that do not fit into one\n"
        "  line.\n"
        "\n"
        "  name     took  that is\n"
        "  ────  ───────  ────────────────────────\n"
        "  a      240 ms  one\n"
        "  b     4.20 s   two and three and four\n"
        "                 and five and six\n"
        "  c        –     seven\n"
        "  A note to it.\n"
        "  · one\n"
        "  · two\n"
        "\n"
        "  name          value\n"
        "                more\n"
        "\n"
        "  Within\n"
        "  10:00  warning  x\n"
        "         said\n"
        "  10:01  info     y\n"
        "\n"
        "  1. Do this\n"
        "     gain        much\n"
        "\n"
        "  2. Do that\n"
        "\n"
        "━━ SECOND ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━\n"
        "  [a]\n"
        "\n"
        "  b = 1\n");
}

TEST_CASE("Page: a table too wide is broken in two behind the same names") {
  Table table({{"name", Align::left}, {"first"}, {"second"}, {"third"}});
  table.row({"an_operation", "1,000,000,000", "2,000,000,000", "3,000,000,000"});
  table.rule();
  table.row({"all", "4", "5", "6"});
  CHECK(table.render(1, 60) ==
        " name                  first         second          third\n"
        " ────────────  ─────────────  ─────────────  ─────────────\n"
        " an_operation  1,000,000,000  2,000,000,000  3,000,000,000\n"
        " ────────────  ─────────────  ─────────────  ─────────────\n"
        " all                       4              5              6\n");
  CHECK(table.render(1, 45) ==
        " name                  first         second\n"
        " ────────────  ─────────────  ─────────────\n"
        " an_operation  1,000,000,000  2,000,000,000\n"
        " ────────────  ─────────────  ─────────────\n"
        " all                       4              5\n"
        "\n"
        " name                  third\n"
        " ────────────  ─────────────\n"
        " an_operation  3,000,000,000\n"
        " ────────────  ─────────────\n"
        " all                       6\n");
  CHECK(table.render(1, 39) ==
        " name              first         second\n"
        " ────────  ─────────────  ─────────────\n"
        " an_oper…  1,000,000,000  2,000,000,000\n"
        " ────────  ─────────────  ─────────────\n"
        " all                   4              5\n"
        "\n"
        " name                  third\n"
        " ────────────  ─────────────\n"
        " an_operation  3,000,000,000\n"
        " ────────────  ─────────────\n"
        " all                       6\n");
}
