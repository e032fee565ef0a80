#include <doctest/doctest.h>

#include "tools/load/incident_spec.h"

using namespace ringside::load;

namespace {
IncidentSpec parsed(const char* text) {
  IncidentSpec spec;
  std::string error;
  INFO(text, ": ", error);
  REQUIRE(parse_incident(text, spec, error));
  return spec;
}
}  // namespace

TEST_CASE("IncidentSpec: each kind is read with its settings and its time") {
  const IncidentSpec locked = parsed("locked-database:db=/tmp/a+b.db@10+5.5");
  CHECK(locked.kind == IncidentKind::locked_database);
  CHECK(locked.db == "/tmp/a+b.db");
  CHECK(locked.start_s == 10);
  CHECK(locked.duration_s == 5.5);

  const IncidentSpec guessing = parsed("password-guessing:rate=7.5,clients=2,from=127.0.0.9@0+1");
  CHECK(guessing.rate_per_s == 7.5);
  CHECK(guessing.clients == 2);
  CHECK(guessing.from == "127.0.0.9");

  CHECK(parsed("connection-surge:connections=1200@3+2").connections == 1200);
  CHECK(parsed("kill-server:pid=77,command=true@3+2").pid == 77);
}

TEST_CASE("IncidentSpec: what may be left out has a default") {
  const IncidentSpec guessing = parsed("password-guessing@1+2");
  CHECK(guessing.rate_per_s == 20);
  CHECK(guessing.clients == 4);
  const IncidentSpec burst = parsed("invalid-burst:rate=5@1+2");
  CHECK(burst.rate_per_s == 5);
  CHECK(burst.clients == 8);
}

TEST_CASE("IncidentSpec: a command keeps its commas, colons, equals and at signs") {
  const IncidentSpec kill = parsed(
      "kill-server:pid-file=/tmp/x.pid,command=A=1 srv --listen 127.0.0.1:1 --x=a,b user@host "
      ">>log@20+3");
  CHECK(kill.pid_file == "/tmp/x.pid");
  CHECK(kill.command == "A=1 srv --listen 127.0.0.1:1 --x=a,b user@host >>log");
  CHECK(kill.start_s == 20);
}

TEST_CASE("IncidentSpec: what is wrong is named") {
  struct Case {
    const char* text;
    const char* reason;
  };
  const Case cases[] = {
      {"", "expected NAME"},
      {"locked-database:db=x", "expected NAME"},
      {"locked-database:db=x@10", "expected NAME"},
      {"locked-database:db=x@ten+5", "is no time"},
      {"locked-database:db=x@-1+5", "is no time"},
      {"locked-database:db=x@1+0", "is no time"},
      {"locked-database:db=x@1+5s", "is no time"},
      {"locked-database@1+5", "needs db=FILE"},
      {"locked-database:db=@1+5", "db= is empty"},
      {"locked-db:db=x@1+5", "is no incident; there are locked-database, password-guessing"},
      {"connection-surge@1+5", "needs connections=N"},
      {"connection-surge:connections=0@1+5", "connections=0: expected a number from 1 to 60000"},
      {"connection-surge:connections=9,speed=3@1+5", "\"speed\" is no setting of connection-surge"},
      {"password-guessing:rate@1+5",
       "\"rate\" is no setting of password-guessing; expected KEY=VALUE"},
      {"password-guessing:rate=fast@1+5", "rate=fast: expected a number"},
      {"kill-server:command=true@1+5", "one of pid=N and pid-file=FILE"},
      {"kill-server:pid=5,pid-file=x,command=true@1+5", "one of pid=N and pid-file=FILE"},
      {"kill-server:pid=5@1+5", "needs command="},
      {"kill-server:pid=1,command=true@1+5", "pid=1: expected a number from 2"},
  };
  for (const Case& wrong : cases) {
    IncidentSpec spec;
    std::string error;
    CHECK_FALSE(parse_incident(wrong.text, spec, error));
    INFO(wrong.text, ": ", error);
    CHECK(error.find(wrong.reason) != std::string::npos);
  }
}
