// The program as it is run: its exit codes, messages and files.
#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/program.h"
#include "tests/support/temp.h"

using ringside::test::ProgramEnd;
using ringside::test::run_program;

namespace {

ProgramEnd run(const std::string& arguments) { return run_program(RINGSIDE_SIMULATE, arguments); }

}  // namespace

TEST_CASE("SimulateProgram: wrong usage ends with 2 and says what was wrong") {
  struct Case {
    const char* arguments;
    const char* reason;
  };
  const Case cases[] = {
      {"--no-such-flag", "no-such-flag"},
      {"--seeds 0", "--seeds"},
      {"--days -1", "--days"},
      {"--only nonsense", "there is no such kind. The kinds are:\n"},
      {"--trace", "expected one --only KIND, found 0"},
      {"--trace --only quiet --only flapping", "found 2"},
      {"--trace --only flapping --json x", "--json would stay empty"},
      {"--calm --month", "excludes"},
      {"--calm --json x", "--trace and --json do not go with them"},
      {"--month --only flapping", "--only does not go with it"},
      {"--month --days 3", "--month needs four days or more"},
      {"--calm --days 0", "expected --days above 0"},
      {"--regressions --calm", "excludes"},
      {"--regressions --only quiet", "expected one of calm, slower, twice"},
      {"--regressions --trace", "--regressions is one table"},
      {"--regressions --days 0", "--regressions needs days"},
  };
  for (const Case& wrong : cases) {
    const ProgramEnd ended = run(wrong.arguments);
    INFO(wrong.arguments, ": ", ended.output);
    CHECK(ended.code == 2);
    CHECK(ended.output.find(wrong.reason) != std::string::npos);
    CHECK(ended.output.find("next: ringside-simulate --help") != std::string::npos);
  }
}

TEST_CASE("SimulateProgram: tables, and the same figures as JSON") {
  const ringside::test::TempDir directory;
  const std::string file = directory.file("scores.json");
  const ProgramEnd ended = run("--only locked_database --seeds 2 --json " + file);
  INFO(ended.output);
  CHECK(ended.code == 0);
  CHECK(ended.output.find("2 scenarios, 2 incidents of 1 kinds") != std::string::npos);
  std::ifstream in(file);
  const auto json = nlohmann::json::parse(in);
  REQUIRE(json["policies"].size() == 3);
  CHECK(json["policies"][0]["name"] == "ours");
  CHECK(json["policies"][1]["name"] == "prometheus");
  CHECK(json["policies"][2]["name"] == "netdata");
  CHECK(json["policies"][0]["incidents"].size() == 2);
  CHECK(json["first_seed"] == 2);
  CHECK(json["cost"]["ticks"] > 500);
}

TEST_CASE("SimulateProgram: calm days are counted by seed, and an alarm on one of them fails") {
  const ringside::test::TempDir directory;
  const std::string calm = "--calm --only everyday --only quiet --days 0.05 --seeds 2";
  const ProgramEnd good = run(calm);
  INFO(good.output);
  CHECK(good.code == 0);
  CHECK(good.output.find("     2        0.1             0\n     4        0.1             0\n") !=
        std::string::npos);
  CHECK(good.output.find("   all        0.2             0\n") != std::string::npos);
  // A daemon that takes a tenth of a millisecond for slow.
  std::ofstream(directory.file("config")) << "[thresholds]\nresponse_time = \"100us\"\n"
                                          << "[thresholds.operations.SEND_MESSAGE]\n"
                                          << "response_time = \"100us\"\n";
  const ProgramEnd bad = run(calm + " --config " + directory.file("config"));
  INFO(bad.output);
  CHECK(bad.code == 1);
  CHECK(bad.output.find("high_latency") != std::string::npos);
  // Troubles are not calm, so nothing was checked.
  CHECK(run("--calm --only flapping").code == 1);
}

TEST_CASE("SimulateProgram: what is held back has other seeds") {
  const ProgramEnd tuned = run("--only dead_server --seeds 2");
  const ProgramEnd held = run("--only dead_server --seeds 2 --held-back");
  CHECK(tuned.output.find("seeds 2 to 4, those for tuning (even)") != std::string::npos);
  CHECK(held.output.find("seeds 3 to 5, those that are held back (odd)") != std::string::npos);
}

TEST_CASE("SimulateProgram: a trace has the trouble's beginning and end, and lines between them") {
  const ProgramEnd ended = run("--only dead_server --seeds 1 --trace");
  INFO(ended.output);
  CHECK(ended.code == 0);
  const std::size_t begins = ended.output.find("==== trouble begins");
  const std::size_t said = ended.output.find("server_down");
  const std::size_t ends = ended.output.find("==== trouble ends");
  CHECK(begins < said);
  CHECK(said < ends);
  CHECK(ends != std::string::npos);
}

TEST_CASE("SimulateProgram: a file that cannot be written, or configured from, fails") {
  const ProgramEnd unwritten = run("--only dead_server --seeds 1 --json /nowhere/scores.json");
  CHECK(unwritten.code == 1);
  CHECK(unwritten.output.find("/nowhere/scores.json") != std::string::npos);
  const ringside::test::TempDir directory;
  std::ofstream(directory.file("bad.toml")) << "nonsense = 1\n";
  const ProgramEnd refused =
      run("--only dead_server --seeds 1 --config " + directory.file("bad.toml"));
  CHECK(refused.code == 2);
  CHECK(refused.output.find("nonsense") != std::string::npos);
}

TEST_CASE("SimulateProgram: the list has every kind") {
  const ProgramEnd ended = run("--list");
  CHECK(ended.code == 0);
  for (const char* kind : {"everyday", "quiet", "locked_database", "costly_rule", "eventful"})
    CHECK(ended.output.find(kind) != std::string::npos);
}
