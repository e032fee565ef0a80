// The program as it is run: its exit codes and messages.
#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/program.h"
#include "tests/support/temp.h"
#include "tests/unit/tools/load/fake_server.h"

using ringside::load::test::FakeServer;

using ringside::test::ProgramEnd;
using ringside::test::run_program;

namespace {

ProgramEnd run(const std::string& arguments) { return run_program(RINGSIDE_CHATLOAD, arguments); }

}  // namespace

TEST_CASE("Program: wrong usage ends with 2 and says what was wrong") {
  struct Case {
    const char* arguments;
    const char* reason;
  };
  const Case cases[] = {
      {"--no-such-flag", "no-such-flag"},
      {"--rate fast", "fast"},
      {"--rate -1", "--rate"},
      {"--clients 0", "--clients"},
      {"--connect nowhere", "expected HOST:PORT"},
      {"--connect 127.0.0.1:99999", "expected HOST:PORT"},
      {"--mix TYPO=1", "is no operation"},
      {"--incident nonsense", "expected NAME"},
      {"--duration 5 --incident invalid-burst@4+2", "ends 6 s after the start, the load after 5 s"},
      {"--duration 0", "give --operations"},
      {"--run 'a b'", "--run a b"},
  };
  for (const Case& wrong : cases) {
    const ProgramEnd ended = run(wrong.arguments);
    INFO(wrong.arguments, ": ", ended.output);
    CHECK(ended.code == 2);
    CHECK(ended.output.find(wrong.reason) != std::string::npos);
    CHECK(ended.output.find("next:") != std::string::npos);
  }
}

TEST_CASE("Program: --help explains and ends with 0") {
  const ProgramEnd ended = run("--help");
  CHECK(ended.code == 0);
  for (const char* word :
       {"--rate", "--incident", "locked-database", "kill-server", "Exit codes"}) {
    CHECK(ended.output.find(word) != std::string::npos);
  }
}

TEST_CASE("Program: no server ends with 1 and a message") {
  std::string port;
  {
    const FakeServer server;
    port = server.port();
  }
  const ProgramEnd ended = run("--connect 127.0.0.1:" + port);
  CHECK(ended.code == 1);
  CHECK(ended.output.find("Connection refused") != std::string::npos);
}

TEST_CASE("Program: a run ends with 0, a table, and the JSON whole in its file") {
  const ringside::test::TempDir dir;
  FakeServer server;
  const auto file = dir / "load.json";
  const ProgramEnd ended = run("--connect 127.0.0.1:" + server.port() +
                          " --clients 5 --rate 0 --operations 500 --json " + file.string());
  INFO(ended.output);
  CHECK(ended.code == 0);
  CHECK(ended.output.find("SEND_MESSAGE") != std::string::npos);
  std::ifstream in(file);
  const nlohmann::json json = nlohmann::json::parse(in);
  CHECK(json["operations"]["SEND_MESSAGE"]["answered"] == server.taken().at("SEND_MESSAGE"));
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);

  const ProgramEnd unwritable = run("--connect 127.0.0.1:" + server.port() +
                               " --clients 2 --rate 0 --operations 5 --json " +
                               (dir / "no" / "load.json").string());
  CHECK(unwritable.code == 1);
  CHECK(unwritable.output.find("cannot be written: No such file or directory") !=
        std::string::npos);
}
