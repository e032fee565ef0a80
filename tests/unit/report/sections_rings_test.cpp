// What the report says of a ring's processes, of its server's mistakes, and of its problem.
#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "tests/unit/report/given.h"

using namespace ringside;
using namespace sample;

TEST_CASE(
    "RingSections: the processes of a ring are told where they are more than one that lives") {
  const auto told = [](const ProcessCounts& processes) {
    Given given;
    RingView ring;
    ring.name = "r";
    ring.processes = processes;
    given.snapshot.rings = {ring};
    const std::string text = written_by(given, detail::write_overview);
    const std::size_t begin = text.find("field |  | ", text.find("field |  | ") + 1);
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  const std::string nothing = told({});
  CHECK(nothing.find("entered") == std::string::npos);
  CHECK(told({1, 1, 0, 0, 0, 0}) == nothing);
  CHECK(told({0, 1, 1, 0, 0, 0}) == nothing);
  CHECK(told({2, 2, 0, 0, 0, 0}) == "field |  | 2 of 2 processes that entered live");
  CHECK(told({1, 2, 1, 0, 0, 0}) ==
        "field |  | 1 of 2 processes that entered lives · 1 left in order");
  CHECK(told({0, 1, 0, 0, 1, 0}) == "field |  | 0 of 1 process that entered live · 1 died");
  CHECK(told({0, 1, 0, 1, 0, 0}) ==
        "field |  | 0 of 1 process that entered live · 1 became another program (exec) or trace no "
        "more");
  CHECK(told({1, 1, 0, 0, 0, 1}) == "field |  | 1 of 1 process that entered lives");
}

TEST_CASE(
    "RingSections: the problem of a living ring is a finding, in one line with its next step") {
  Given given;
  RingView ring;
  ring.name = "r";
  ring.state = RingState::live;
  ring.enabled = true;
  ring.problem = "/r\n  next: a was removed\n  next: look\x1b";
  given.snapshot.rings = {ring};
  const std::string line =
      "field | problem | ring r: /r\\n  next: a was removed; next: look\\x1b\n";
  std::string text = written_by(given, detail::write_overview);
  CHECK(text.find(line) != std::string::npos);
  CHECK(text.find("problem: ") == std::string::npos);
  given.snapshot.rings[0].state = RingState::refused;
  text = written_by(given, detail::write_overview);
  CHECK(text.find(line) == std::string::npos);
  CHECK(text.find("field |  | problem: /r\\n  next: a was removed; next: look\\x1b\n") !=
        std::string::npos);
}

TEST_CASE("RingSections: each mistake and each unseen process is a finding, with what to do next") {
  const auto found = [](const std::function<void(RingView&)>& change) {
    Given given;
    RingView ring;
    ring.name = "r";
    change(ring);
    given.snapshot.rings = {ring};
    const std::string text = written_by(given, detail::write_data_quality);
    const std::size_t begin = text.find("field | ", text.find("counted all the same"));
    return text.substr(begin, text.find("field | lanes") - begin);
  };
  CHECK(found([](RingView&) {}).empty());
  const char* const next[] = {"give operations what register_operation() returned",
                              "cast to an Outcome", "join stages", "take stamps with now()"};
  for (std::size_t i = 0; i < kMisuses; ++i) {
    const std::string text = found([&](RingView& ring) { ring.misused[i] = 1; });
    CHECK(text.starts_with("field | mistake | ring r: 1 "));
    CHECK(text.find("; expected ") != std::string::npos);
    CHECK(text.find("\nfield |  | next: in the server, ") != std::string::npos);
    CHECK(text.find(next[i]) != std::string::npos);
  }
  CHECK(found([](RingView& ring) { ring.names_merged = 1; }).find("shorten the names") !=
        std::string::npos);
  CHECK(found([](RingView& ring) {
          ring.processes.refused = 1;
        }).starts_with("field | unseen | ring r: 1 of its processes found no place"));
}
