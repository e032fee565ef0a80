// The table of routes, and what all answers have in common.
#include "daemon/http/routes.h"

#include <doctest/doctest.h>

#include "tests/unit/daemon/http/parsed.h"
#include "tests/unit/daemon/http/route_world.h"

using namespace ringside;
using namespace ringside::http;

TEST_CASE("Routes: a path leads to its route, by method, and says which methods it has") {
  CHECK(match(Method::get, "/healthz").route->endpoint == Endpoint::healthz);
  CHECK(match(Method::head, "/healthz").route->endpoint == Endpoint::healthz);
  CHECK(match(Method::post, "/healthz").route == nullptr);
  CHECK(match(Method::post, "/healthz").allow == "GET, HEAD");
  const std::string alerts = std::string(kApi) + "alerts";
  CHECK(match(Method::get, alerts).route->scope == Scope::read);
  CHECK(match(Method::post, alerts).route->scope == Scope::admin);
  CHECK(match(Method::post, alerts).route->most_body_bytes == 65536);
  CHECK(match(Method::get, alerts).allow == "GET, HEAD, POST");
  for (const char* path : {"", "/", "/healthz/", "/Healthz", "/api/v1/admin/performance/operations",
                           "/api/v1/admin/performance/operations/"}) {
    CAPTURE(path);
    CHECK(match(Method::get, path).route == nullptr);
    CHECK(match(Method::get, path).allow.empty());
  }
}

TEST_CASE("Routes: an operation's name is the rest of the path, whatever is in it") {
  const Match found = match(Method::get, std::string(kApi) + "operations/a/b c?<>");
  REQUIRE(found.route != nullptr);
  CHECK(found.route->endpoint == Endpoint::operation);
  CHECK(found.name == "a/b c?<>");
}

TEST_CASE("Routes: the API's document is compressed once") {
  const RouteWorld world;
  const Response response = world.get("/api/v1/openapi.json");
  REQUIRE(response.status == 200);
  REQUIRE(response.gzipped != nullptr);
  CHECK(response.gzipped->size() < response.body.size() / 4);
  CHECK(world.get("/api/v1/openapi.json").gzipped == response.gzipped);
}

TEST_CASE("Routes: before the first tick an answer says that nothing is known yet") {
  const RouteWorld world;
  for (const char* name : {"metrics", "operations/SEND_MESSAGE", "report", "alerts"}) {
    CAPTURE(name);
    const Response response = world.api(name);
    CHECK(code_of(response) == "503 not_known_yet");
    REQUIRE(header(response, "Retry-After") != nullptr);
    CHECK(*header(response, "Retry-After") == "1");
  }
  CHECK(code_of(world.post(R"({"action":"clear","all":true,"why":"x"})")) == "503 not_known_yet");
}

TEST_CASE(
    "Routes: an unknown parameter is refused with the nearest one, and one that comes twice") {
  const RouteWorld world(sample::busy());
  const Response unknown = world.api("metrics", {{"windo", "1m"}});
  CHECK(code_of(unknown) == "400 unknown_parameter");
  CHECK(detail_of(unknown) == "'windo': nearest known: window");
  CHECK(detail_of(world.api("metrics", {{"zzzzzzzzz", ""}})) ==
        "'zzzzzzzzz': known here: window, operation, ring, recent, histograms");
  CHECK(detail_of(world.get("/healthz", {{"a", ""}})) == "'a': this route has no parameters");
  CHECK(code_of(world.api("metrics", {{"window", "1m"}, {"window", "1m"}})) ==
        "400 repeated_parameter");
}

TEST_CASE("Routes: every parameter refuses what it can't be, and says what it can be") {
  RouteWorld world(sample::busy());
  world.sources.history = "/nonexistent/history.db";
  struct Case {
    const char* route;
    const char* name;
    std::string value;
    const char* expected;  // a part of the detail
  };
  const std::string long_text(500, 'x');
  const Case cases[] = {
      {"metrics", "window", "2m", "one of since_start, 1m, 5m, 1h"},
      {"metrics", "window", "", "one of since_start, 1m, 5m, 1h"},
      {"metrics", "operation", "", "1 to 200 bytes"},
      {"metrics", "operation", long_text, "1 to 200 bytes"},
      {"metrics", "ring", long_text, "1 to 400 bytes"},
      {"metrics", "recent", "101", "a whole number from 0 to 100"},
      {"metrics", "recent", "-1", "a whole number from 0 to 100"},
      {"metrics", "recent", "1.5", "a whole number from 0 to 100"},
      {"metrics", "recent", "99999999999999999999", "a whole number from 0 to 100"},
      {"metrics", "histograms", "1", "one of false, true"},
      {"operations/SEND_MESSAGE", "recent", "x", "a whole number from 0 to 100"},
      {"operations/SEND_MESSAGE", "history", "49h", "a duration from 1min to 48h"},
      {"operations/SEND_MESSAGE", "history", "5", "a duration from 1min to 48h"},
      {"operations/SEND_MESSAGE", "ring", "", "1 to 400 bytes"},
      {"report", "format", "pdf", "one of json, html, markdown, text"},
      {"report", "since", long_text, "1 to 40 bytes"},
      {"report", "compare_to", "", "1 to 100 bytes"},
      {"report", "ring", "chat", "only with since, until or compare_to"},
      {"report", "operation", "SEND_MESSAGE", "only with since, until or compare_to"},
      {"alerts", "state", "open", "one of active, over"},
      {"alerts", "level", "critical,bad", "some of info, warning, critical, emergency"},
      {"alerts", "level", "", "some of info"},
      {"alerts", "alert", "high_latency,", "some of high_latency, high_error_rate"},
      {"alerts", "since", "yesterday", "how long ago"},
      {"alerts", "until", "2026-02-30", "a UTC time"},
      {"alerts", "limit", "0", "a whole number from 1 to 200"},
      {"alerts", "limit", "201", "a whole number from 1 to 200"},
      {"history", "figure", "p98_ns", "nearest known: p90_ns"},
      {"history", "figure", "p95_ns,,max_ns", "1 to 12 names"},
      {"history", "figure", "a,b,c,d,e,f,g,h,i,j,k,l,m", "1 to 12 names"},
      {"history", "figure", "stage:", "stage:NAME"},
      {"history", "step", "0s", "a duration from 1s to 366d"},
      {"history", "step", "367d", "a duration from 1s to 366d"},
      {"history", "operation", "", "1 to 200 bytes"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.route);
    CAPTURE(one.name);
    CAPTURE(one.value);
    const Response response = world.api(one.route, {{one.name, one.value}});
    CHECK(code_of(response) == "400 invalid_parameter");
    const std::string detail = detail_of(response);
    CAPTURE(detail);
    CHECK(detail.starts_with(std::string(one.name) + ": found '"));
    CHECK(detail.find(one.expected) != std::string::npos);
    CHECK(detail.size() < 600);
  }
  CHECK(code_of(world.api("alerts", {{"cursor", "zz"}})) == "400 invalid_cursor");
  CHECK(code_of(world.api("alerts", {{"since", "1h"}, {"until", "2h"}})) == "400 invalid_span");
}

TEST_CASE("Routes: who finds no room is told what the room is for") {
  const RouteWorld world(sample::busy());
  const auto detail_for = [&](Method method, const char* name) {
    const Response response = busy(world.request(method, std::string(kApi) + name, {}, {}, ""));
    CHECK(code_of(response) == "503 busy");
    CHECK(*header(response, "Retry-After") == "2");
    return detail_of(response);
  };
  CHECK(
      detail_for(Method::get, "history").starts_with("other requests are being answered already"));
  CHECK(
      detail_for(Method::head, "report").starts_with("other requests are being answered already"));
  CHECK(detail_for(Method::post, "alerts") ==
        "other requests wait for the alert engine already, and nothing was done; ask again in a "
        "few seconds");
}

TEST_CASE("Routes: a foreign text in a problem is visible and short") {
  const RouteWorld world(sample::busy());
  const Response response = world.api("metrics", {{"window", "\x1b[31m\xff\n</script>"}});
  CHECK(detail_of(response).starts_with("window: found '\\x1b[31m\\xff\\n</script>'"));
}

TEST_CASE("Routes: an answer has data and meta, is stored nowhere, and is tagged by its data") {
  RouteWorld world(sample::busy());
  const Response first = world.api("metrics");
  const auto body = parsed(first);
  CHECK(body.size() == 2);
  const auto& meta = body.at("meta");
  CHECK(meta.at("request_id") == "request-1");
  CHECK(meta.at("generated_at") == "2024-11-23T10:15:56.623456789Z");
  CHECK(meta.at("taken_at") == "2024-11-23T10:15:55.123456789Z");
  CHECK(meta.at("age_seconds") == 1.5);
  CHECK(meta.at("tick") == sample::busy().tick);
  CHECK(meta.at("daemon").at("pid") == sample::busy().daemon.pid);
  CHECK(meta.at("rings").at(0).at("name") == "chat");
  CHECK(*header(first, "Cache-Control") == "no-store");
  world.sources.now_wall_ns += sample::kSecond;  // the same data, asked for later
  CHECK(*header(world.api("metrics"), "ETag") == *header(first, "ETag"));
  Snapshot next = sample::busy();
  ++next.late_records;
  world.show(next);
  CHECK(*header(world.api("metrics"), "ETag") != *header(first, "ETag"));
}

TEST_CASE("Routes: healthz lives, whatever is known") {
  const RouteWorld world;
  const Response response = world.get("/healthz");
  CHECK(data_of(response).at("alive") == true);
  CHECK(parsed(response).at("meta").size() == 2);
}

TEST_CASE("Routes: readyz says each reason against it") {
  RouteWorld world(sample::busy());
  CHECK(data_of(world.get("/readyz")).at("ready") == true);
  const double tick = sample::busy().tick_seconds;
  world.sources.age_seconds = 3 * tick;
  CHECK(world.get("/readyz").status == 200);
  world.sources.age_seconds = 3 * tick + 0.1;
  world.sources.history_problem = "/var/h.db: disk full";
  world.sources.log_problem = "/var/a.log: read-only";
  const Response response = world.get("/readyz");
  CHECK(code_of(response) == "503 not_ready");
  CHECK(header(response, "Retry-After") != nullptr);
  const auto reasons = parsed(response).at("reasons");
  REQUIRE(reasons.size() == 3);
  CHECK(reasons.at(0).get<std::string>().starts_with("the latest snapshot is 15.1 s old"));
  CHECK(reasons.at(1) == "the history is not written: /var/h.db: disk full");
  CHECK(reasons.at(2) == "the alert log is not written: /var/a.log: read-only");
  CHECK(code_of(RouteWorld().get("/readyz")) == "503 not_ready");
}
