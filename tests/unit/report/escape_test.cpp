// Foreign text: every way to write a character, right and wrong, and the limits of each range of
// characters that is shown in another form.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "report/model/format.h"

using namespace ringside;

namespace {

struct Block {
  std::uint32_t first, last;
};

// Written down from the Unicode tables, apart from the code.
constexpr Block kHidden[] = {
    {0x0, 0x1f},      {0x7f, 0x9f},     {0xad, 0xad},       {0x34f, 0x34f},   {0x61c, 0x61c},
    {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},   {0x200b, 0x200f}, {0x2028, 0x202e},
    {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
    {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xe0000, 0x10ffff}};
constexpr Block kNarrow[] = {  // no column of their own
    {0x300, 0x36f}, {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
    {0x93c, 0x93c}, {0x941, 0x948},   {0x94d, 0x94d},   {0xe31, 0xe31},   {0xe34, 0xe3a},
    {0xe47, 0xe4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe20, 0xfe2f}};
constexpr Block kDouble[] = {  // two columns
    {0x1100, 0x115e},   {0x231a, 0x231b},   {0x23e9, 0x23f3},  {0x2614, 0x2615}, {0x26a1, 0x26a1},
    {0x2705, 0x2705},   {0x274c, 0x274c},   {0x2e80, 0x303e},  {0x3041, 0xa4cf}, {0xa960, 0xa97c},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},  {0xff01, 0xff60}, {0xffe0, 0xffe6},
    {0x17000, 0x18aff}, {0x1f300, 0x1f9ff}, {0x20000, 0x3fffd}};

bool is_in(const auto& blocks, std::uint32_t c) {
  for (const Block& block : blocks) {
    if (block.first <= c && c <= block.last) return true;
  }
  return false;
}

// The last two of each plane are no characters.
bool is_hidden(std::uint32_t c) { return c % 0x10000 >= 0xfffe || is_in(kHidden, c); }

// In as many bytes as are wanted, so that overlong forms can be written too.
std::string encoded(std::uint32_t c, unsigned bytes) {
  if (bytes == 1) return {static_cast<char>(c)};
  std::string text;
  for (unsigned i = 1; i < bytes; ++i, c /= 64) text.insert(0, 1, static_cast<char>(0x80 + c % 64));
  constexpr unsigned kLead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  return static_cast<char>(kLead[bytes] + c) + text;
}

unsigned bytes_of(std::uint32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

std::string byte_by_byte(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    char hex[8];
    std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    shown += hex;
  }
  return shown;
}

// The limits of every block, with their neighbours on both sides, and the limits of UTF-8.
std::vector<std::uint32_t> characters() {
  std::vector<std::uint32_t> list = {0x20, 0x5b, 0x5d, 0x7e, 0x80, 0x7ff, 0x800, 0xffff, 0x10000};
  const auto add = [&](const auto& blocks) {
    for (const Block& block : blocks) {
      for (const std::uint32_t c : {block.first - 1, block.first, block.last, block.last + 1}) {
        if (c <= 0x10ffff && (c < 0xd800 || c > 0xdfff)) list.push_back(c);
      }
    }
  };
  add(kHidden);
  add(kNarrow);
  add(kDouble);
  for (const std::uint32_t c : {0xd7ffU, 0xe000U, 0xfffdU, 0xfffeU, 0x1fffdU, 0x1fffeU, 0x1ffffU,
                                0x2ffffU, 0x40000U, 0xdfffeU, 0xfffffU, 0x100000U})
    list.push_back(c);
  return list;
}

std::string shown_as(std::uint32_t c) {
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  if (c == '\r') return "\\r";
  if (c == '\\') return "\\\\";
  if (!is_hidden(c)) return encoded(c, bytes_of(c));
  char hex[16];
  std::snprintf(hex, sizeof hex, c < 0x80 ? "\\x%02x" : "\\u{%x}", static_cast<unsigned>(c));
  return hex;
}

}  // namespace

TEST_CASE("Escape: each character at the limits of a range is shown as its range says") {
  std::string all, shown;
  for (const std::uint32_t c : characters()) {
    CAPTURE(c);
    const std::string text = encoded(c, bytes_of(c));
    CHECK(escape_visible(text) == shown_as(c));
    all += text;
    shown += shown_as(c);
  }
  CHECK(escape_visible(all) == shown);
  for (std::uint32_t c = 0; c < 0x300; ++c)
    CHECK(escape_visible(encoded(c, bytes_of(c))) == shown_as(c));
}

TEST_CASE("Escape: a character is UTF-8 in its shortest form alone, and no surrogate or beyond") {
  for (const std::uint32_t c : characters()) {
    for (unsigned bytes = bytes_of(c) + 1; bytes <= 4; ++bytes) {
      CAPTURE(c);
      CAPTURE(bytes);
      const std::string overlong = encoded(c, bytes);
      CHECK(escape_visible(overlong) == byte_by_byte(overlong));
    }
  }
  for (const std::uint32_t c : {0xd800U, 0xd801U, 0xdbffU, 0xdc00U, 0xdfffU})
    CHECK(escape_visible(encoded(c, 3)) == byte_by_byte(encoded(c, 3)));
  for (const std::uint32_t c : {0x110000U, 0x13ffffU, 0x140000U, 0x1fffffU})
    CHECK(escape_visible(encoded(c, 4)) == byte_by_byte(encoded(c, 4)));
}

TEST_CASE("Escape: a byte that cannot begin a character begins none, whatever follows") {
  for (unsigned lead = 0x80; lead < 0x100; ++lead) {
    if (lead >= 0xc2 && lead <= 0xf4) continue;
    for (const unsigned next : {0x80U, 0x90U, 0xbfU}) {
      const std::string text = {static_cast<char>(lead), static_cast<char>(next),
                                static_cast<char>(0x80), static_cast<char>(0x80), 'z'};
      CAPTURE(lead);
      CHECK(escape_visible(text) == byte_by_byte(text.substr(0, 4)) + "z");
    }
  }
}

TEST_CASE("Escape: a character that is cut off is not read on beyond the end of its text") {
  for (const char* whole : {"ä", "€", "👍", "日"}) {
    const std::string_view text = whole;
    for (std::size_t length = 1; length < text.size(); ++length) {
      CAPTURE(whole);
      CAPTURE(length);
      // What lies behind the end would complete the character.
      const std::string_view cut = text.substr(0, length);
      CHECK(escape_visible(cut) == byte_by_byte(cut));
      CHECK(display_width(cut) == length);
      const std::string broken = std::string(cut) + "z" + std::string(text.substr(length));
      CHECK(escape_visible(broken) == byte_by_byte(cut) + "z" + byte_by_byte(text.substr(length)));
    }
  }
  CHECK(escape_visible("") == "");
}

TEST_CASE("Width: none for a combining mark, two for a wide character, one for every other") {
  std::string all;
  std::size_t columns = 0;
  for (const std::uint32_t c : characters()) {
    CAPTURE(c);
    const std::string text = encoded(c, bytes_of(c));
    const std::size_t expected = is_in(kNarrow, c) ? 0 : is_in(kDouble, c) ? 2 : 1;
    CHECK(display_width(text) == expected);
    all += text;
    columns += expected;
  }
  CHECK(display_width(all) == columns);
  CHECK(display_width("") == 0);
  CHECK(display_width("\xff\xfe") == 2);  // bytes that are no character have a column each
}

TEST_CASE("Width: what is clipped ends in a dot of its own, and never in half a character") {
  CHECK(clip("", 0).empty());
  CHECK(clip("a", 0).empty());
  CHECK(clip("a", 1) == "a");
  CHECK(clip("ab", 1) == "…");
  CHECK(clip("ab", 2) == "ab");
  CHECK(clip("abc", 2) == "a…");
  CHECK(clip("日本語", 1) == "…");
  CHECK(clip("日本語", 2) == "…");
  CHECK(clip("日本語", 3) == "日…");
  CHECK(clip("日本語", 5) == "日本…");
  CHECK(clip("日本語", 6) == "日本語");
  CHECK(clip("e\u0301e\u0301e\u0301", 2) == "e\u0301…");  // a mark goes with its letter
  CHECK(clip("\xff\xff\xff", 2) == "\xff…");
  const std::string mixed = "añ日e\u0301👍z";
  for (std::size_t columns = 1; columns < 10; ++columns) {
    CAPTURE(columns);
    const std::string kept = clip(mixed, columns);
    CHECK(display_width(kept) <= columns);
    CHECK(display_width(kept) + 1 >= std::min(columns, display_width(mixed)));
  }
}
