// Server-sent events, however their bytes are cut.
#include "tools/ringside/event_lines.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/support/random.h"

using namespace ringside::tool;

namespace {

std::string shown(EventLines& lines) {
  std::string text;
  while (const auto event = lines.next())
    text += "[" + event->id + "|" + event->name + "|" + event->data + "]";
  return text;
}

std::string all_of(const std::string& bytes) {
  EventLines lines;
  lines.add(bytes);
  return shown(lines);
}

}  // namespace

TEST_CASE("EventLines: an event is its fields up to an empty line") {
  CHECK(all_of("event: tick\nid: 7\ndata: {\"a\":1}\n\n") == "[7|tick|{\"a\":1}]");
  CHECK(all_of("data:no space\n\n") == "[||no space]");
  CHECK(all_of("data:  two\n\n") == "[|| two]");
  CHECK(all_of("data: one\ndata: two\n\n") == "[||one\ntwo]");
  CHECK(all_of("data\n\n") == "[||]");
  CHECK(all_of("unknown: x\nretry: 3\ndata: x\n\n") == "[||x]");
  CHECK(all_of("data: not whole") == "");
  CHECK(all_of("data: not whole\n") == "");
}

TEST_CASE("EventLines: comments are passed over, and an event without data is none") {
  CHECK(all_of(": alive\n\n: alive\n\nevent: x\n\ndata: y\n\n") == "[||y]");
}

TEST_CASE("EventLines: the id holds until another comes, and one with NUL is none") {
  CHECK(all_of("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n") == "[1||a][1||b][||c]");
  CHECK(all_of("id: 1\ndata: a\n\n" + std::string("id: x\0y\n", 8) + "data: b\n\n") ==
        "[1||a][1||b]");
}

TEST_CASE("EventLines: lines end with LF, CR LF or CR, and bytes may be cut anywhere") {
  const std::uint64_t seed = ringside::test::seed();
  INFO("seed ", seed);
  std::mt19937_64 engine(seed);
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    std::string bytes;
    for (const char* line : {"id: 1", "event: tick", "data: one", "data: two", "", ": alive", "",
                             "data: three", "", ": last"})
      bytes += line + end;
    const std::string whole = "[1|tick|one\ntwo][1||three]";
    for (int i = 0; i < 50; ++i) {
      EventLines lines;
      std::string text;
      for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t size = 1 + engine() % 5;
        lines.add(bytes.substr(at, size));
        at += size;
        text += shown(lines);
      }
      CHECK(text == whole);
    }
  }
}

TEST_CASE("EventLines: what never ends is too long") {
  EventLines lines;
  for (int i = 0; i < 16; ++i) {
    lines.add(std::string(std::size_t{1} << 20, 'x'));
    CHECK_FALSE(lines.next());
    CHECK_FALSE(lines.too_long());
  }
  lines.add("x");
  CHECK(lines.too_long());
}
