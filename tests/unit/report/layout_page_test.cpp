// The elements of a page in a fixed-width font, each alone and one after another.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <utility>

#include "report/render/text_page.h"

using namespace ringside;

TEST_CASE("Layout: an empty line stands where one kind of element follows another") {
  const std::pair<const char*, std::function<void(TextPage&)>> kElements[] = {
      {"sentence", [](TextPage& page) { page.sentence("x"); }},
      {"bullet", [](TextPage& page) { page.bullet("x"); }},
      {"field", [](TextPage& page) { page.field("x", "x"); }},
      {"table",
       [](TextPage& page) {
         Table table({{"x", Align::left}});
         page.table(table);
       }},
      {"numbered", [](TextPage& page) { page.numbered(1, "x", {}); }},
      {"timeline",
       [](TextPage& page) {
         page.timeline({{"x", {}, ""}});
       }},
      {"verbatim", [](TextPage& page) { page.verbatim("x"); }},
      {"heading", [](TextPage& page) { page.heading("x"); }},
      {"subheading", [](TextPage& page) { page.subheading("x"); }}};
  // A row for each first element, a column for each that follows it: x where a line is between
  // them. Both are in the order above.
  const char* const kBetween[] = {
      "---xx--xx",  // a sentence leads over to anything but a table or a numbered item
      "--xxxxxxx",  // bullets stand together, and so do fields, moments and verbatim lines
      "-x-xxxxxx",  // a sentence may follow anything as a note to it
      "-xxxxxxxx",  //
      "-xxxxxxxx",  //
      "-xxxx-xxx",  //
      "-xxxxx-xx",  //
      "-------x-",  // what a heading is about follows at once
      "-------x-"};
  for (std::size_t first = 0; first < 9; ++first) {
    for (std::size_t second = 0; second < 9; ++second) {
      TextPage page(20);
      kElements[first].second(page);
      kElements[second].second(page);
      CAPTURE(kElements[first].first);
      CAPTURE(kElements[second].first);
      const std::string text = page.take();
      const bool apart = text.find("\n\n") != std::string::npos;
      CHECK(apart == (kBetween[first][second] == 'x'));
      CHECK(text.find("\n\n\n") == std::string::npos);
    }
    // At the top of a page nothing stands apart but a subheading, which needs its heading.
    TextPage page(20);
    kElements[first].second(page);
    CHECK((page.take().front() == '\n') == (std::string(kElements[first].first) == "subheading"));
  }
}

TEST_CASE("Layout: a title leaves room for the instant, and is cut for it") {
  const auto title = [](std::size_t width, const char* name) {
    TextPage page(width);
    page.title(name, "2024-11-23");
    return page.take();
  };
  CHECK(title(20, "report") == "report    2024-11-23\n");
  CHECK(title(18, "report") == "report  2024-11-23\n");
  CHECK(title(17, "report") == "repo…  2024-11-23\n");
  CHECK(title(17, "rapé") == "rapé   2024-11-23\n");
  CHECK(title(14, "report") == "r…  2024-11-23\n");
  CHECK(title(13, "report") == "…  2024-11-23\n");
  CHECK(title(12, "report") == "… 2024-11-23\n");
  CHECK(title(11, "report") == "…2024-11-23\n");
  CHECK(title(5, "report") == "…2024-11-23\n");
}

TEST_CASE("Layout: a heading's line ends at the page's edge") {
  TextPage page(12);
  page.heading("ABC");
  page.heading("ABCDEFG");
  CHECK(page.take() ==
        "━━ ABC ━━━━━\n"
        "\n"
        "━━ ABCDEFG ━\n");
}

TEST_CASE("Layout: long names of fields push their text, and the longest are cut") {
  TextPage page(60);
  page.field("twelve chars", "a");
  page.field("fifteen letters", "b c");
  page.field("four and twenty letters.", "d");
  page.field("five and twenty letters..", "e");
  page.field("", "f");
  CHECK(page.take() ==
        "  twelve chars  a\n"
        "  fifteen letters  b c\n"
        "  four and twenty letters.  d\n"
        "  five and twenty letters…  e\n"
        "                f\n");
}

TEST_CASE("Layout: the moments of a timeline stand in columns, and long ones are cut") {
  TextPage page(24);
  page.timeline({{"10:00", {"info", "x", "here"}, "It said so, again and again."},
                 {"10:01", {"warning", "y", "a"}, ""},
                 {"10:02", {"i", "zzz", "everywhere"}, "so"}});
  CHECK(page.take() ==
        "  10:00  info     x    …\n"
        "         It said so,\n"
        "         again and\n"
        "         again.\n"
        "  10:01  warning  y    …\n"
        "  10:02  i        zzz  …\n"
        "         so\n");
  TextPage wide(40);
  wide.timeline({{"10:00", {"info", "x", "here"}, ""},
                 {"10:01", {"warning", "y", "everywhere"}, ""},
                 {"10:02", {"info", "y", ""}, ""}});
  CHECK(wide.take() ==
        "  10:00  info     x  here\n"
        "  10:01  warning  y  everywhere\n"
        "  10:02  info     y\n");
}

TEST_CASE("Layout: a line that is kept as it is breaks only where it is too long") {
  TextPage page(12);
  page.verbatim("ab  =  \"cd\"");
  page.verbatim("ab  = \"cd\"");
  page.verbatim("a  =  \"c\"");
  page.verbatim("");
  page.verbatim("abcdefghijk");
  CHECK(page.take() ==
        "  ab = \"cd\"\n"
        "  ab  = \"cd\"\n"
        "  a  =  \"c\"\n"
        "\n"
        "  abcdefghij\n"
        "  k\n");
}
