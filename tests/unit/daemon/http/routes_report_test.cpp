// GET report: the report of the tick and of the past, as the renderers and the history have them.
#include <doctest/doctest.h>

#include "report/render/html/html.h"
#include "report/render/json.h"
#include "report/render/markdown.h"
#include "report/render/text.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/http/parsed.h"
#include "tests/unit/daemon/http/route_world.h"

using namespace ringside;
using namespace ringside::http;
using Json = nlohmann::ordered_json;

namespace {

std::string body_of(const Response& response, const char* type) {
  CHECK(response.status == 200);
  CHECK(response.type == type);
  return response.body;
}

}  // namespace

TEST_CASE("RouteReport: of the tick it is what the renderers write, in each format") {
  const Snapshot snapshot = sample::after_the_night();
  const RouteWorld world(snapshot);
  const Report report(snapshot);
  const auto get = [&](const char* format) { return world.api("report", {{"format", format}}); };
  CHECK(body_of(get("html"), "text/html; charset=utf-8") == render_html(report));
  CHECK(body_of(get("markdown"), "text/markdown; charset=utf-8") == render_markdown(report));
  CHECK(body_of(get("text"), "text/plain; charset=utf-8") == render_text(report));
  CHECK(data_of(get("json")) == Json::parse(render_json(report)));
}

TEST_CASE("RouteReport: Accept chooses, and format comes before it") {
  const RouteWorld world(sample::calm());
  const auto type = [&](const char* accept) {
    return world.api("report", {}, {{"accept", accept}}).type;
  };
  CHECK(world.api("report").type == "application/json");
  CHECK(type("*/*") == "application/json");
  CHECK(type("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8") ==
        "text/html; charset=utf-8");
  CHECK(type("text/plain") == "text/plain; charset=utf-8");
  CHECK(type("text/plain;q=0.4, text/markdown;q=0.5") == "text/markdown; charset=utf-8");
  const Response none = world.api("report", {}, {{"accept", "image/png"}});
  CHECK(code_of(none) == "406 not_acceptable");
  CHECK(world.api("report", {{"format", "text"}}, {{"accept", "image/png"}}).type ==
        "text/plain; charset=utf-8");
}

TEST_CASE("RouteReport: the page can't ask the API anything, and says that it depends on Accept") {
  const RouteWorld world(sample::after_a_hostile_night());
  const Response page = world.api("report", {{"format", "html"}});
  REQUIRE(header(page, "Content-Security-Policy") != nullptr);
  const std::string& policy = *header(page, "Content-Security-Policy");
  CHECK(policy.find("sandbox allow-scripts;") != std::string::npos);
  CHECK(policy.find("allow-same-origin") == std::string::npos);
  CHECK(policy.find("default-src 'none'") != std::string::npos);
  CHECK(*header(page, "Vary") == "Accept");
  CHECK(*header(page, "Cache-Control") == "no-store");
  CHECK(page.body.find(sample::kEvilName) == std::string::npos);
}

TEST_CASE("RouteReport: of the past it is the report of that span, and of it against another") {
  const test::TempDir directory;
  RouteWorld world(sample::after_the_night());
  world.sources.history = directory.file("h.db");
  REQUIRE(write_history(world.sources.history, observed_night()) == "");
  const Json data = data_of(world.api(
      "report",
      {{"since", "2024-11-23T08:00Z"}, {"until", "2024-11-23T10:00Z"}, {"compare_to", "2h"}}));
  CHECK(data.at("past_seconds") == 7200);
  CHECK(data.at("history").at("begin_at") == "2024-11-23T08:00:00.000000000Z");
  CHECK(data.at("comparison").is_object());
  const Json one = data_of(
      world.api("report", {{"since", "2h"}, {"operation", "SEND_MESSAGE"}, {"ring", "chat"}}));
  REQUIRE(one.at("operations").size() == 1);
  CHECK(one.at("operations").at(0).at("name") == "SEND_MESSAGE");
  CHECK(one.at("comparison").is_null());
  // It needs no snapshot.
  world.sources.present.reset();
  CHECK(world.api("report", {{"since", "2h"}, {"format", "text"}}).status == 200);
  const Json meta = parsed(world.api("report", {{"since", "2h"}})).at("meta");
  CHECK(meta.at("tick").is_null());
}

TEST_CASE("RouteReport: a past that can't be reported is told in the words of the request") {
  const test::TempDir directory;
  RouteWorld world(sample::after_the_night());
  const auto told = [&](Fields query, const char* code) {
    const Response response = world.api("report", std::move(query));
    CHECK(code_of(response) == code);
    const std::string detail = detail_of(response);
    CAPTURE(detail);
    CHECK(detail.find("--") == std::string::npos);
    CHECK(detail.find('\n') == std::string::npos);
    return detail;
  };
  told({{"since", "1h"}}, "503 no_history");
  world.sources.history = directory.file("h.db");
  REQUIRE(write_history(world.sources.history, observed_night()) == "");
  CHECK(told({{"since", "x"}}, "400 invalid_span") ==
        "since 'x': expected a UTC time such as 2026-11-27T02:00Z, or how long ago, such as 8h; "
        "see /api/v1/openapi.json");
  CHECK(told({{"since", "2h"}, {"until", "3h"}}, "400 invalid_span").starts_with("since 2024"));
  CHECK(told({{"since", "2h"}, {"compare_to", "1h"}}, "400 invalid_span")
            .starts_with("compare_to 1h ("));
  CHECK(told({{"since", "2h"}, {"compare_to", "tomorrow"}}, "400 invalid_span")
            .starts_with("compare_to 'tomorrow': expected a day"));
  CHECK(told({{"since", "2h"}, {"ring", "other"}}, "404 unknown_ring") ==
        "ring 'other' is not in that span; it has: chat; name one of these");
  CHECK(told({{"since", "2h"}, {"operation", "NONE"}}, "404 unknown_operation")
            .starts_with("operation 'NONE' is not in that span; it has: "));
  world.sources.history = directory.file("empty.db");
  REQUIRE(write_history(world.sources.history, {}) == "");
  told({{"since", "1h"}}, "404 nothing_recorded");
  world.sources.history = directory.file("none.db");
  told({{"since", "1h"}}, "500 history_failed");
}
