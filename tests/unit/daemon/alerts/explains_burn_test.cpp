// What explains a regression, and a budget that burns.
#include <doctest/doctest.h>

#include "daemon/alerts/incidents.h"
#include "tests/unit/daemon/alerts/episodes.h"

namespace ringside {
namespace {

TEST_CASE("ExplainsBurn: a regression is explained by what makes the same calls slow at present") {
  using enum AlertType;
  const AlertTransition slower = episode(performance_regression, "SEND_MESSAGE", "database");
  CHECK(explains(kSlow, slower));
  CHECK(explains(kDatabase, slower));
  CHECK(explains(episode(server_down), slower));
  CHECK_FALSE(explains(episode(high_latency, "JOIN_ROOM", "delivery"), slower));
  CHECK_FALSE(explains(episode(security_threat), slower));
  CHECK_FALSE(explains(slower, kSlow));
  CHECK_FALSE(explains(slower, episode(slo_burn)));
}

TEST_CASE("ExplainsBurn: a burn explains nothing, and trouble with the same calls explains it") {
  using enum AlertType;
  for (const AlertType alert : {server_down, system_overload, database_issue}) {
    CHECK(explains(episode(alert), burn("sending.fast")));
    CHECK_FALSE(explains(burn("sending.fast"), episode(alert)));
  }
  CHECK(explains(kSlow, burn("sending.fast")));
  CHECK(explains(kSlow, burn("sending.fast", "SEND_MESSAGE")));
  CHECK_FALSE(explains(kSlow, burn("sending.fast", "LOGIN")));
  CHECK(explains(episode(high_error_rate), burn("sending.fast", "LOGIN")));  // of all operations
  for (const AlertType alert : {security_threat, high_connections, high_memory, telemetry_loss})
    CHECK_FALSE(explains(episode(alert), burn("sending.fast")));
  CHECK_FALSE(explains(burn("sending.fast"), kSlow));
  CHECK_FALSE(explains(episode(server_down, "", "", "other"), burn("sending.fast")));
  // One objective's two figures are one story, and so is what one operation does to two of them.
  CHECK(explains(burn("sending.fast"), burn("sending.slow")));
  CHECK_FALSE(explains(burn("sending.fast"), burn("logins.fast")));
  CHECK(explains(burn("sending.fast", "LOGIN"), burn("logins.fast", "LOGIN")));
}

}  // namespace
}  // namespace ringside
