#include "daemon/http/accept.h"

#include <doctest/doctest.h>

#include <array>

namespace ringside::http {
namespace {

TEST_CASE(
    "HttpAccept: gzip is taken where the client names it and does not prefer the plain text") {
  for (const char* yes : {"gzip", "GZIP", "deflate, gzip;q=0.5", "*", "gzip;q=0.001",
                          "identity;q=0.5, gzip;q=0.5", "x-gzip", " gzip ; q=1.0 ", "*;q=0.1"}) {
    CAPTURE(yes);
    CHECK(accepts_gzip(yes));
  }
  for (const char* no : {"", "br", "gzip;q=0", "gzip;q=0.000", "*;q=0", "identity, gzip;q=0.5",
                         "gzip;q=2", "gzip;q=x", "gzip;q=", "gzip;q=0.5555", "gzipped", ",,;"}) {
    CAPTURE(no);
    CHECK_FALSE(accepts_gzip(no));
  }
}

TEST_CASE("HttpAccept: of the offered types the best liked is chosen, by the closest range") {
  const std::array<std::string_view, 3> offered{"application/json", "text/html", "text/plain"};
  const auto best = [&](std::string_view accept) {
    const auto index = best_type(accept, offered);
    return index ? std::string(offered[*index]) : "none";
  };
  CHECK(best("") == "application/json");
  CHECK(best("*/*") == "application/json");
  CHECK(best("text/*") == "text/html");
  CHECK(best("text/plain, text/html;q=0.9") == "text/plain");
  CHECK(best("text/html;q=0.1, */*;q=0.2") == "application/json");
  CHECK(best("*/*;q=0.5, application/json;q=0") == "text/html");
  CHECK(best("TEXT/Plain ; q=0.3") == "text/plain");
  CHECK(best("text/html;level=1;q=0.1, text/html;q=0.8, text/plain;q=0.5") == "text/html");
  CHECK(best("image/png") == "none");
  CHECK(best("text/html;q=0") == "none");
  CHECK(best("text/html;v=\"a,b;q=0\"") == "text/html");
  CHECK(best("nonsense, /, ;;q") == "none");
  CHECK_FALSE(best_type("*/*", {}));
}

TEST_CASE("HttpAccept: parameters keep their values, and only so many entries are looked at") {
  const auto found = parse_preferences(R"(application/openmetrics-text;version="1.0.0";q=0.75)");
  REQUIRE(found.size() == 1);
  CHECK(found[0].name == "application/openmetrics-text");
  CHECK(found[0].quality == 750);
  REQUIRE(found[0].parameters.size() == 1);
  CHECK(found[0].parameters[0] == std::pair<std::string, std::string>("version", "1.0.0"));
  std::string many;
  for (int i = 0; i < 100; ++i) many += "a/b,";
  CHECK(parse_preferences(many).size() == kMostPreferences);
}

TEST_CASE("HttpAccept: If-None-Match compares weakly, in lists too") {
  CHECK(names_tag("*", "\"a\""));
  CHECK(names_tag("\"a\"", "W/\"a\""));
  CHECK(names_tag("W/\"b\", \"a,\"", "\"a,\""));
  CHECK_FALSE(names_tag("\"b\"", "\"a\""));
  CHECK_FALSE(names_tag("", "\"a\""));
  CHECK_FALSE(names_tag("a", "\"a\""));
}

}  // namespace
}  // namespace ringside::http
