// Paragraphs and tables in a fixed-width font: where lines break, and what gives way on a narrow
// page. Whole texts, so that a blank too many is found.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "report/model/format.h"
#include "report/render/table.h"
#include "tests/support/random.h"

using namespace ringside;

namespace {

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// How many tables a table becomes on a page of this width. An empty line separates them.
std::size_t parts_of(const Table& table, std::size_t width) {
  const auto lines = split_lines(table.render(1, width));
  return 1 + static_cast<std::size_t>(std::count(lines.begin(), lines.end(), ""));
}

std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  for (const std::string& line : split_lines(text)) widest = std::max(widest, display_width(line));
  return widest;
}

}  // namespace

TEST_CASE("Layout: a text is padded on the side that its column wants, and never cut") {
  CHECK(pad("ab", 4) == "ab  ");
  CHECK(pad("ab", 4, Align::left) == "ab  ");
  CHECK(pad("ab", 4, Align::prose) == "ab  ");
  CHECK(pad("ab", 4, Align::right) == "  ab");
  CHECK(pad("ab", 4, Align::span) == "  ab");
  CHECK(pad("µs", 3, Align::right) == " µs");
  CHECK(pad("ab", 2) == "ab");
  CHECK(pad("ab", 1) == "ab");
  CHECK(pad("", 0).empty());
}

TEST_CASE("Layout: a paragraph breaks between words, as late as it can") {
  CHECK(wrap("aa bb cc", "> ", 7) == "> aa bb\n  cc\n");
  CHECK(wrap("aa bb cc", "> ", 6) == "> aa\n  bb\n  cc\n");
  CHECK(wrap("aa bb cc", "> ", 9) == "> aa bb\n  cc\n");
  CHECK(wrap("aa bb cc", "> ", 10) == "> aa bb cc\n");
  CHECK(wrap("a bb", "", 3) == "a\nbb\n");
  CHECK(wrap("a b", "", 3) == "a b\n");
  CHECK(wrap("a b c", "", 3) == "a b\nc\n");
  CHECK(wrap("a b c d", "", 5) == "a b c\nd\n");
  CHECK(wrap("  a   b  ", "", 5) == "a b\n");
  CHECK(wrap("", "> ", 5) == ">\n");
  CHECK(wrap("", "  ", 5) == "\n");
}

TEST_CASE("Layout: a word breaks only where it alone is too long") {
  CHECK(wrap("abcdefgh", "", 3) == "abc\ndef\ngh\n");
  CHECK(wrap("abcdef", "", 3) == "abc\ndef\n");
  CHECK(wrap("abc de", "", 3) == "abc\nde\n");
  CHECK(wrap("x abcdefg y", "", 4) == "x\nabcd\nefg\ny\n");
  CHECK(wrap("x abcdefg y", "", 5) == "x\nabcde\nfg y\n");
  CHECK(wrap("ab", "", 1) == "a\nb\n");
  CHECK(wrap("abc", "- ", 4) == "- ab\n  c\n");
  // Two bytes to a character.
  CHECK(wrap("éééé", "", 3) == "ééé\né\n");
  CHECK(wrap("aéé", "", 2) == "aé\né\n");
  // Two columns to a character. One that does not fit is written all the same.
  CHECK(wrap("漢字漢", "", 5) == "漢字\n漢\n");
  CHECK(wrap("漢字", "", 1) == "漢\n字\n");
  CHECK(wrap("漢字 a", "", 1) == "漢\n字\na\n");
}

TEST_CASE("Layout: a paragraph without room has one column") {
  CHECK(wrap("a b", "> ", 3) == "> a\n  b\n");
  CHECK(wrap("a b", "> ", 2) == "> a\n  b\n");
  CHECK(wrap("a b", "> ", 1) == "> a\n  b\n");
  CHECK(wrap("ab", "> ", 1) == "> a\n  b\n");
}

TEST_CASE("Layout: a figure and its unit stay in one line") {
  for (const char* unit : {"ns", "µs", "ms", "s", "min", "h", "d", "%", "B", "KiB", "MiB", "GiB"}) {
    const std::string figure = std::string("5 ") + unit;
    CAPTURE(unit);
    // Without the rule, the 5 would still fit into the first line.
    CHECK(wrap("took " + figure, "", 6) == "took\n" + figure + "\n");
    CHECK(wrap("took " + figure + " it", "", 6 + display_width(unit)) ==
          "took\n" + figure + " it\n");
    CHECK(wrap("took " + figure + ").", "", 8) == "took\n" + figure + ").\n");
  }
  CHECK(wrap("to 5 s, at 6 ms; by 7 h: 8 d.", "", 7) == "to 5 s,\nat\n6 ms;\nby 7 h:\n8 d.\n");
  for (const std::string digit : {"0", "1", "9"}) {
    CAPTURE(digit);
    CHECK(wrap("up " + digit + " ms", "", 6) == "up\n" + digit + " ms\n");
    CHECK(wrap("up 1." + digit + " ms", "", 8) == "up\n1." + digit + " ms\n");
    CHECK(wrap("up v" + digit + " ms", "", 7) == "up\nv" + digit + " ms\n");
  }
  // Two units that belong together are two figures.
  CHECK(wrap("up 3 min 12 s", "", 12) == "up 3 min\n12 s\n");
  CHECK(wrap("up 3 min 12 s x", "", 8) == "up 3 min\n12 s x\n");
}

TEST_CASE("Layout: words that only look like a unit may stand alone") {
  CHECK(wrap("it was s", "", 6) == "it was\ns\n");
  CHECK(wrap("it 5x ms", "", 5) == "it 5x\nms\n");
  CHECK(wrap("it 5) ms", "", 5) == "it 5)\nms\n");
  CHECK(wrap("it (2. s", "", 6) == "it (2.\ns\n");
  CHECK(wrap("it 5 msgs", "", 6) == "it 5\nmsgs\n");
  CHECK(wrap("it 5 x", "", 4) == "it 5\nx\n");
  CHECK(wrap("it 5 ms-x", "", 5) == "it 5\nms-x\n");
  CHECK(wrap("it 5  ms", "", 4) == "it 5\nms\n");
  CHECK(wrap(" ms it", "", 4) == "ms\nit\n");
}

TEST_CASE("Layout: random paragraphs keep their words, their width, and are filled") {
  std::mt19937_64 random(test::seed());
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> words;
    for (std::size_t i = random() % 12; i > 0; --i)
      words.push_back(std::string(1 + random() % 7, static_cast<char>('a' + random() % 26)));
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    const std::size_t width = 2 + 7 + random() % 20;
    CAPTURE(text);
    CAPTURE(width);
    // Built in another way: word after word, with the lines as lists.
    std::vector<std::string> expected{"> "};
    for (const std::string& word : words) {
      std::string& line = expected.back();
      if (line.size() == 2) {
        line += word;
      } else if (line.size() + 1 + word.size() <= width) {
        line += " " + word;
      } else {
        expected.push_back("  " + word);
      }
    }
    if (words.empty()) expected = {">"};
    CHECK(split_lines(wrap(text, "> ", width)) == expected);
  }
}

TEST_CASE("Layout: figures are never cut while a table can be broken in parts") {
  // Names can be cut to 8 columns, so a part with one figure needs 1 + 8 + 2 + 13.
  Table table({{"name", Align::left}, {"first"}, {"second"}, {"third"}});
  table.row({"an_operation", "1,000,000,000", "2,000,000,000", "3,000,000,000"});
  for (std::size_t width = 24; width < 70; ++width) {
    CAPTURE(width);
    CHECK(parts_of(table, width) == (width >= 54 ? 1 : width >= 39 ? 2 : 3));
    CHECK(widest_line(table.render(1, width)) <= width);
    CHECK(table.render(1, width).find("3,000,000,000") != std::string::npos);
  }
  CHECK(parts_of(table, 23) == 3);
}

TEST_CASE("Layout: short names are not counted as longer ones") {
  Table table({{"a", Align::left}, {"bcd", Align::left}, {"n"}, {"m"}});
  table.row({"xy", "z", "1,000", "20,000"});
  // 2 + 2 + 2 + 3 + 2 + 5 + 2 + 6 columns
  const std::string whole =
      "  a   bcd      n       m\n"
      "  ──  ───  ─────  ──────\n"
      "  xy  z    1,000  20,000\n";
  const std::string broken =
      "  a   bcd      n\n"
      "  ──  ───  ─────\n"
      "  xy  z    1,000\n"
      "\n"
      "  a   bcd       m\n"
      "  ──  ───  ──────\n"
      "  xy  z    20,000\n";
  CHECK(table.render(2, 100) == whole);
  CHECK(table.render(2, 24) == whole);
  CHECK(table.render(2, 23) == broken);
  CHECK(table.render(2, 17) == broken);
}

TEST_CASE("Layout: later names and prose give way before a table is broken") {
  const auto table_of = [](Align align, const std::string& text) {
    Table table({{"n", Align::left}, {"figure"}, {"text", align}});
    table.row({"a", "123456", text});
    return table;
  };
  // Before the text stand 1 + 1 + 2 + 6 + 2 columns. It needs 8 (a name), 24 (prose), or all.
  const std::string words = "one two three four five six seven";
  const auto least = [&](const Table& table) {
    std::size_t width = 13;
    while (parts_of(table, width) > 1) ++width;
    return width;
  };
  CHECK(least(table_of(Align::left, words)) == 12 + 8);
  CHECK(least(table_of(Align::left, "three")) == 12 + 5);
  CHECK(least(table_of(Align::prose, words)) == 12 + 24);
  CHECK(least(table_of(Align::prose, "one two six")) == 12 + 11);
  CHECK(least(table_of(Align::right, words)) == 12 + words.size());
  CHECK(table_of(Align::left, words).render(1, 21) ==
        " n  figure  text\n"
        " ─  ──────  ─────────\n"
        " a  123456  one two …\n");
  CHECK(table_of(Align::prose, words).render(1, 37) ==
        " n  figure  text\n"
        " ─  ──────  ─────────────────────────\n"
        " a  123456  one two three four five\n"
        "            six seven\n");
}

TEST_CASE("Layout: prose gives way first, then the widest name, then a figure") {
  Table table({{"one", Align::left}, {"two", Align::left}, {"n"}, {"text", Align::prose}});
  table.row({"abcdefghijkl", "mnopqrstuvwx", "1234567890123", "aaaa bbbb cccc dddd eeee ffff"});
  // 12 + 2 + 12 + 2 + 13 + 2 + 29
  CHECK(table.render(0, 72) ==
        "one           two                       n  text\n"
        "────────────  ────────────  ─────────────  ─────────────────────────────\n"
        "abcdefghijkl  mnopqrstuvwx  1234567890123  aaaa bbbb cccc dddd eeee ffff\n");
  CHECK(table.render(0, 71) ==
        "one           two                       n  text\n"
        "────────────  ────────────  ─────────────  ────────────────────────────\n"
        "abcdefghijkl  mnopqrstuvwx  1234567890123  aaaa bbbb cccc dddd eeee\n"
        "                                           ffff\n");
  // The prose has its least width of 24. Of two names as wide, the first is cut first.
  CHECK(table.render(0, 66) ==
        "one          two                       n  text\n"
        "───────────  ────────────  ─────────────  ────────────────────────\n"
        "abcdefghij…  mnopqrstuvwx  1234567890123  aaaa bbbb cccc dddd eeee\n"
        "                                          ffff\n");
  CHECK(table.render(0, 65) ==
        "one          two                      n  text\n"
        "───────────  ───────────  ─────────────  ────────────────────────\n"
        "abcdefghij…  mnopqrstuv…  1234567890123  aaaa bbbb cccc dddd eeee\n"
        "                                         ffff\n");
  CHECK(table.render(0, 59) ==
        "one       two                   n  text\n"
        "────────  ────────  ─────────────  ────────────────────────\n"
        "abcdefg…  mnopqrs…  1234567890123  aaaa bbbb cccc dddd eeee\n"
        "                                   ffff\n");
  // No further: the table is broken.
  CHECK(table.render(0, 58) ==
        "one           two                       n\n"
        "────────────  ────────────  ─────────────\n"
        "abcdefghijkl  mnopqrstuvwx  1234567890123\n"
        "\n"
        "one           two           text\n"
        "────────────  ────────────  ─────────────────────────────\n"
        "abcdefghijkl  mnopqrstuvwx  aaaa bbbb cccc dddd eeee ffff\n");
}

TEST_CASE("Layout: a figure is cut where it has no room at all, to eight columns at least") {
  Table table({{"name", Align::left}, {"n"}, {"took", Align::span}});
  table.row({"abcdefghij", "1234567890123", "12 min 34 s"});
  CHECK(table.render(0, 20) ==
        "name               n\n"
        "────────  ──────────\n"
        "abcdefg…  123456789…\n"
        "\n"
        "name            took\n"
        "────────  ──────────\n"
        "abcdefg…  12 min 34…\n");
  CHECK(table.render(0, 10) ==
        "name             n\n"
        "────────  ────────\n"
        "abcdefg…  1234567…\n"
        "\n"
        "name          took\n"
        "────────  ────────\n"
        "abcdefg…  12 min …\n");
  // Narrow columns stay as they are.
  Table narrow({{"name", Align::left}, {"n"}, {"m"}});
  narrow.row({"abc", "1234567", "12345678"});
  CHECK(narrow.render(0, 5) ==
        "name        n\n"
        "────  ───────\n"
        "abc   1234567\n"
        "\n"
        "name         m\n"
        "────  ────────\n"
        "abc   12345678\n");
}

TEST_CASE("Layout: a table of names alone, one without names, and one without rows") {
  Table names({{"who", Align::left}, {"where", Align::left}});
  names.row({"ada", "x"});
  names.rule();
  names.row({"b"});
  names.row({});
  CHECK(names.render(1, 40) ==
        " who  where\n"
        " ───  ─────\n"
        " ada  x\n"
        " ───  ─────\n"
        " b\n"
        "\n");
  Table figures({{"n"}, {"m"}});
  figures.row({"12345", "6"});
  CHECK(figures.render(0, 8) ==
        "    n  m\n"
        "─────  ─\n"
        "12345  6\n");
  CHECK(figures.render(0, 7) ==
        "    n\n"
        "─────\n"
        "12345\n"
        "\n"
        "m\n"
        "─\n"
        "6\n");
  CHECK_FALSE(figures.empty());
  Table empty({{"who", Align::left}, {"n"}});
  CHECK(empty.empty());
  CHECK(empty.render(3, 40) ==
        "   who  n\n"
        "   ───  ─\n");
}

TEST_CASE("Layout: numbers of a column of spans stand in line, whatever their unit") {
  Table table({{"", Align::left}, {"took", Align::span}, {"n"}});
  table.row({"a", "240 ms", "– "});
  table.row({"b", "4.20 s", "2 s"});
  table.row({"c", "–", "–"});
  table.row({"d", "12 ns", "12"});
  table.row({"e", "3 min 12 s", "1"});
  CHECK(table.render(0, 40) ==
        "          took    n\n"
        "─  ───────────  ───\n"
        "a       240 ms   –\n"
        "b      4.20 s   2 s\n"
        "c         –       –\n"
        "d        12 ns   12\n"
        "e  3 min 12 s     1\n");
}
