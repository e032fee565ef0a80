// Bytes to lines with their arrival, and how old a stamp of the kernel is. No socket is needed.
#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tools/chat/net/input.h"
#include "tools/chat/net/receive.h"

using chatd::Input;
using chatd::StampAges;
using Next = chatd::Input::Next;

namespace {

using Taken = std::vector<std::pair<std::string, chatd::trace::Stamp>>;

Taken take_all(Input& input) {
  Taken taken;
  Input::Line line;
  while (input.take(line) == Next::line) taken.emplace_back(line.text, line.arrived);
  return taken;
}

}  // namespace

TEST_CASE("ChatInput: a line arrives with its last byte, lines of one read arrive together") {
  Input input;
  input.append("a\nbb\nc", 10);
  CHECK(take_all(input) == Taken{{"a", 10}, {"bb", 10}});
  input.append("c", 20);
  CHECK(take_all(input).empty());
  input.append("\n\n", 30);
  input.append("d\n", 40);
  CHECK(take_all(input) == Taken{{"cc", 30}, {"", 30}, {"d", 40}});
}

TEST_CASE("ChatInput: a line keeps its arrival while others are taken and more comes") {
  Input input;
  Input::Line line;
  input.append("a\n", 10);
  input.append("b\n", 20);
  REQUIRE(input.take(line) == Next::line);
  CHECK(line.text == "a");
  input.append("c\nd", 30);
  input.append("\n", 40);
  CHECK(take_all(input) == Taken{{"b", 20}, {"c", 30}, {"d", 40}});
}

TEST_CASE("ChatInput: whatever the pieces are, lines and arrivals are those of the stream") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    Input input;
    Taken expected, taken;
    std::string open;  // the oracle's line without its newline
    for (chatd::trace::Stamp now = 1; now <= 60; ++now) {
      std::string piece;
      for (auto left = random() % 12; left > 0; --left) {
        const char byte = random() % 4 == 0 ? '\n' : static_cast<char>('a' + random() % 26);
        piece += byte;
        if (byte == '\n')
          expected.emplace_back(std::exchange(open, ""), now);
        else
          open += byte;
      }
      input.append(piece, now);
      for (auto left = random() % 4; left > 0; --left) {
        Input::Line line;
        if (input.take(line) == Next::line) taken.emplace_back(line.text, line.arrived);
      }
    }
    for (auto& one : take_all(input)) taken.push_back(std::move(one));
    CHECK(taken == expected);
  }
}

TEST_CASE("ChatInput: a line of 65536 bytes is taken, one more is too long, whole or not") {
  const std::string longest(chatd::kMaxLineBytes, 'x');
  Input::Line line;
  Input whole, endless;
  whole.append(longest + "\n" + longest + "x\n", 5);
  REQUIRE(whole.take(line) == Next::line);
  CHECK(line.text == longest);
  CHECK(whole.take(line) == Next::too_long);
  CHECK(whole.take(line) == Next::too_long);
  endless.append(longest, 5);
  CHECK(endless.take(line) == Next::none);
  endless.append("x", 6);
  CHECK(endless.take(line) == Next::too_long);
  endless.clear();
  endless.append("a\n", 7);
  CHECK(take_all(endless) == Taken{{"a", 7}});
}

TEST_CASE("ChatInput: it is full with 65536 bytes, or with 1024 reads that ended lines") {
  Input bytes, reads;
  bytes.append(std::string(chatd::kMaxLineBytes - 1, 'x'), 1);
  CHECK(!bytes.full());
  bytes.append("\n", 2);
  CHECK(bytes.full());
  for (int i = 0; i < 1023; ++i) reads.append("\n", 3);
  CHECK(!reads.full());
  reads.append("\n", 4);
  CHECK(reads.full());
  for (Input* input : {&bytes, &reads}) {
    take_all(*input);
    CHECK(!input->full());
  }
}

TEST_CASE("ChatStamp: a stamp is as old as the wall clock says, and never from the future") {
  StampAges ages;
  CHECK(ages.age_ns(1'000'000'100, 1'000'000'350, 70) == 250);
  CHECK(ages.age_ns(1'000'000'900, 1'000'000'800, 520) == 0);
  CHECK(ages.age_ns(1'000'000'900, 5'000'000'900, 4'000'000'620) == 4'000'000'000);
}

TEST_CASE("ChatStamp: when the wall clock was set, the first stamp says nothing") {
  constexpr std::int64_t kHour = 3'600'000'000'000;
  for (const std::int64_t step : {kHour, -kHour, std::int64_t{20'000'000}}) {
    CAPTURE(step);
    StampAges ages;
    std::int64_t monotonic = 50'000;
    std::int64_t realtime = 100 * kHour;
    CHECK(ages.age_ns(realtime - 10, realtime, monotonic) == 10);
    monotonic += 1000;
    realtime += 1000 + step;
    CHECK(ages.age_ns(realtime - step - 10, realtime, monotonic) == 0);
    monotonic += 1000;
    realtime += 1000;
    CHECK(ages.age_ns(realtime - 10, realtime, monotonic) == 10);
  }
  // A thread that waited 5 ms for a processor between two clock reads has set no clock.
  StampAges ages;
  CHECK(ages.age_ns(90, 100, 50) == 10);
  CHECK(ages.age_ns(90, 100, 5'000'050) == 10);
}
