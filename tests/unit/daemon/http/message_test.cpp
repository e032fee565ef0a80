#include "daemon/http/message.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace ringside::http;

TEST_CASE("HttpMessage: the first header and the first parameter of a name are found") {
  Request request;
  request.headers = {{"accept", "a"}, {"accept", "b"}};
  request.query = {{"window", "1m"}, {"window", "5m"}, {"empty", ""}};
  REQUIRE(request.header("accept") != nullptr);
  CHECK(*request.header("accept") == "a");
  CHECK(request.header("host") == nullptr);
  REQUIRE(request.parameter("window") != nullptr);
  CHECK(*request.parameter("window") == "1m");
  REQUIRE(request.parameter("empty") != nullptr);
  CHECK(request.parameter("empty")->empty());
  CHECK(request.parameter("Window") == nullptr);
}

TEST_CASE("HttpMessage: a problem has the members of RFC 9457, a code and the request's id") {
  Request request;
  request.id = "abc-1";
  const Response response = problem(request, 400, "unknown_window", "Unknown window",
                                    "window=\"\xff<b>\": expected 1m or 5m");
  CHECK(response.status == 400);
  CHECK(response.type == "application/problem+json");
  const auto body = nlohmann::json::parse(response.body);
  CHECK(body.at("type") == "about:blank");
  CHECK(body.at("title") == "Unknown window");
  CHECK(body.at("status") == 400);
  CHECK(body.at("code") == "unknown_window");
  CHECK(body.at("request_id") == "abc-1");
  CHECK(body.at("detail") == "window=\"\xef\xbf\xbd<b>\": expected 1m or 5m");
}
