#include "report/model/format.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "report/model/alerts.h"
#include "report/render/table.h"

using namespace ringside;

TEST_CASE("Format: spans have three digits, the unit that fits, and carry into the next") {
  CHECK(format_span(0) == "0 ns");
  CHECK(format_span(7) == "7 ns");
  CHECK(format_span(18.25) == "18.2 ns");
  CHECK(format_span(999) == "999 ns");
  CHECK(format_span(18'300) == "18.3 µs");
  CHECK(format_span(999'600) == "1.00 ms");
  CHECK(format_span(240e6) == "240 ms");
  CHECK(format_span(9.996e6) == "10.0 ms");
  CHECK(format_span(999.6e6) == "1.00 s");
  CHECK(format_span(4.2e9) == "4.20 s");
  CHECK(format_span(119.4e9) == "119 s");
  CHECK(format_span(119.6e9) == "2 min 00 s");
  CHECK(format_span(843e9) == "14 min 03 s");
  CHECK(format_span(7500e9) == "2 h 05 min");
  CHECK(format_span(76.0 * 3600e9) == "3 d 04 h");
  CHECK(format_span(-18'300) == "-18.3 µs");
  CHECK(format_span(std::nan("")) == "–");
  CHECK(format_span_cell(4.2e9) == "4.20 s ");
  CHECK(format_span_cell(240e6) == "240 ms");
}

TEST_CASE("Format: counts, bytes, rates and shares") {
  CHECK(format_count(0) == "0");
  CHECK(format_count(999) == "999");
  CHECK(format_count(1'234'567) == "1,234,567");
  CHECK(format_count(std::numeric_limits<std::uint64_t>::max()) == "18,446,744,073,709,551,615");
  CHECK(format_signed(std::numeric_limits<std::int64_t>::min()) == "-9,223,372,036,854,775,808");
  CHECK(format_signed(-100) == "-100");
  CHECK(format_bytes(812) == "812 B");
  CHECK(format_bytes(18 * 1024 + 307) == "18.3 KiB");
  CHECK(format_bytes(1023 * 1024 + 1023) == "1.00 MiB");
  CHECK(format_bytes(std::numeric_limits<std::uint64_t>::max()) == "16.0 EiB");
  CHECK(format_rate(0) == "0/s");
  CHECK(format_rate(0.001) == "<0.01/s");
  CHECK(format_rate(18.25) == "18.2/s");
  CHECK(format_rate(1234.4) == "1,234/s");
  CHECK(format_percent(0) == "0 %");
  CHECK(format_percent(0.00001) == "<0.01 %");
  CHECK(format_percent(0.0031) == "0.31 %");
  CHECK(format_percent(0.041) == "4.1 %");
  CHECK(format_percent(0.05) == "5 %");
  CHECK(format_percent(0.97) == "97 %");
  CHECK(format_percent(0.9961) == "99.6 %");
  CHECK(format_percent(0.99996) == ">99.99 %");
  CHECK(format_percent(1) == "100 %");
}

TEST_CASE("Format: an alert's value has its unit") {
  CHECK(format_value(798.2, AlertUnit::ms) == "798 ms");
  CHECK(format_value(5, AlertUnit::percent) == "5 %");
  CHECK(format_value(1'073'741'824, AlertUnit::bytes) == "1.00 GiB");
  CHECK(format_value(-1, AlertUnit::bytes) == "–");
  CHECK(format_value(3, AlertUnit::per_minute) == "3 a minute");
  CHECK(format_value(1.5, AlertUnit::per_cpu) == "1.50 per CPU");
  CHECK(format_value(10, AlertUnit::connections) == "10 connections");
  CHECK(format_value(1, AlertUnit::connections) == "1 connection");
  CHECK(format_value(0, AlertUnit::records) == "0 records");
  CHECK(format_value(1, AlertUnit::records) == "1 record");
  CHECK(format_value(1, AlertUnit::refused) == "refused");
  CHECK(format_value(0, AlertUnit::stuck) == "not stuck");
  CHECK(format_value(0.5, AlertUnit::open) == "half-open");
}

TEST_CASE("Format: wall time is UTC to the millisecond, or to the nanosecond for machines") {
  CHECK(format_wall(0) == "never");
  CHECK(format_wall(1'732'356'955'123'456'789) == "2024-11-23T10:15:55.123Z");
  CHECK(format_wall_exact(1'732'356'955'123'456'789) == "2024-11-23T10:15:55.123456789Z");
  CHECK(format_wall(1'709'164'800'000'000'000) == "2024-02-29T00:00:00.000Z");
  CHECK(format_wall(-1) == "1969-12-31T23:59:59.999Z");
  // Garbage is a time as well.
  CHECK(format_wall(INT64_MIN) == "1677-09-22T00:00:00.000Z");
  CHECK(format_wall(INT64_MAX) == "2262-04-11T23:47:16.854Z");
  CHECK(format_time_of_day(1'732'356'955'123'456'789) == "10:15:55.123");
}

TEST_CASE("Format: parties") {
  CHECK(format_party({}) == "–");
  CHECK(format_party({PartyKind::none, 7}) == "–");
  CHECK(format_party({PartyKind::user, 9'007'199'254'740'993}) == "user 9007199254740993");
  CHECK(format_party({PartyKind::address, 0x7f000002}) == "address 127.0.0.2");
  CHECK(format_party({PartyKind::user, 42, "alice"}) == "alice (user 42)");
  CHECK(format_party({PartyKind::room, 7, "#\xc3\xbc"}) == "#\xc3\xbc (room 7)");
  // Another process wrote it: it may steer a terminal, or be no text.
  CHECK(format_party({PartyKind::user, 1, "a\x1b[2Jb\n\xff"}) ==
        "a\\x1b[2Jb\\n\\xff (user 1)");
  CHECK(format_party({PartyKind::address, 0x7f000002, "lo"}) == "lo (address 127.0.0.2)");
  CHECK(format_party({PartyKind::address, 0x7f000002, "127.0.0.2"}) == "address 127.0.0.2");
  CHECK(format_party({PartyKind::address, 0}) == "address 0.0.0.0");
  CHECK(format_party({PartyKind::address, 0xffffffff}) == "address 255.255.255.255");
  CHECK(format_party({PartyKind::address, 0x1234567890abcdef}) ==
        "address 1234:5678:90ab:cdef::/64");
  CHECK(format_party({PartyKind::address, 0x20010db800000000}) == "address 2001:db8::/64");
  CHECK(format_party({PartyKind::address, 0x20010db800000001}) == "address 2001:db8:0:1::/64");
  CHECK(format_party({PartyKind::address, 0xfd00000000000000}) == "address fd00::/64");
  CHECK(format_party({PartyKind::address, 0x100000001}) == "address ::1");
  CHECK(format_party({PartyKind::address, 0x1abcd0001}) == "address ::abcd:1");
  CHECK(format_party({PartyKind::address, 0xfe80000a000b000c}) == "address fe80::…:a:b:c");
}

TEST_CASE("Escape: nothing that moves a cursor, ends a line or hides gets through") {
  CHECK(escape_visible("plain text, Grüße, 日本語, 👍") == "plain text, Grüße, 日本語, 👍");
  CHECK(escape_visible("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(escape_visible("\x1b[31mred\x1b[0m") == "\\x1b[31mred\\x1b[0m");
  CHECK(escape_visible(std::string_view("\0\x7f", 2)) == "\\x00\\x7f");
  // C1: an escape sequence in one character.
  CHECK(escape_visible("\xc2\x9b"
                       "31m") == "\\u{9b}31m");
  CHECK(escape_visible("\u202e\u2066\u200b\ufeff\u2028") ==
        "\\u{202e}\\u{2066}\\u{200b}\\u{feff}\\u{2028}");
  CHECK(escape_visible("back\\slash") == "back\\\\slash");
}

TEST_CASE("Escape: bytes that are not UTF-8 are shown one by one") {
  CHECK(escape_visible("\xff") == "\\xff");
  CHECK(escape_visible("\xc0\xaf") == "\\xc0\\xaf");              // overlong
  CHECK(escape_visible("\xed\xa0\x80") == "\\xed\\xa0\\x80");     // surrogate
  CHECK(escape_visible("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
  CHECK(escape_visible("\xe2\x82") == "\\xe2\\x82");              // cut off
  CHECK(escape_visible("\xe2(a") == "\\xe2(a");
  for (int byte = 0; byte < 256; ++byte) {
    for (int next = 0; next < 256; ++next) {
      const std::string two = {static_cast<char>(byte), static_cast<char>(next)};
      const std::string shown = escape_visible(two);
      for (const char c : shown) REQUIRE((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
    }
  }
}

TEST_CASE("Layout: width counts columns, not bytes") {
  CHECK(display_width("µs") == 2);
  CHECK(display_width("日本") == 4);
  CHECK(display_width("e\u0301") == 1);
  CHECK(clip("abcdef", 6) == "abcdef");
  CHECK(clip("abcdef", 4) == "abc…");
  CHECK(clip("日本語", 4) == "日…");
  CHECK(pad("µs", 4, Align::right) == "  µs");
}

TEST_CASE("Layout: a table is aligned, and its widest left column gives way") {
  Table table({{"name", Align::left}, {"n"}});
  table.row({"a", "1"});
  table.row({"a name that is much too long", "1,000"});
  CHECK(table.render(2, 80) == "  name                              n\n"
                               "  ────────────────────────────  ─────\n"
                               "  a                                 1\n"
                               "  a name that is much too long  1,000\n");
  CHECK(table.render(2, 20) == "  name             n\n"
                               "  ───────────  ─────\n"
                               "  a                1\n"
                               "  a name tha…  1,000\n");
  Table figures({{"a", Align::left}, {"figure"}});
  figures.row({"x", "123456789012345678901234567890"});
  CHECK(figures.render(0, 20) == "a             figure\n"
                                 "─  ─────────────────\n"
                                 "x  1234567890123456…\n");
}

TEST_CASE("Layout: paragraphs wrap between words, never between a figure and its unit") {
  CHECK(wrap("one two three", "- ", 9) == "- one two\n  three\n");
  CHECK(wrap("took 240 ms.", "", 9) == "took\n240 ms.\n");
  CHECK(wrap("abcdefghij", "", 4) == "abcd\nefgh\nij\n");
  CHECK(wrap("", "  x ", 20) == "  x\n");
}
