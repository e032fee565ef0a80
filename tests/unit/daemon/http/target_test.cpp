#include "daemon/http/target.h"

#include <doctest/doctest.h>

namespace ringside::http {
namespace {

std::string path_of(std::string_view raw) {
  std::string why;
  const auto target = decode_target(raw, &why);
  CHECK(target.has_value() == why.empty());
  return target ? target->path : "refused: " + why;
}

TEST_CASE("HttpTarget: a path is decoded, and a query too") {
  CHECK(path_of("/") == "/");
  CHECK(path_of("/api/v1/operations/SEND%20A%C3%A4") == "/api/v1/operations/SEND A\xc3\xa4");
  CHECK(path_of("http://h:1/a") == "/a");
  CHECK(path_of("http://h") == "/");
  CHECK(path_of("*") == "*");
  CHECK(path_of("/a//b/...") == "/a//b/...");
  std::string why;
  const auto target = decode_target("/r?a=1&b=x%26y+z%2B&c&&a=2&=v&d=a=b", &why);
  REQUIRE(target);
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(target->query ==
        Pairs{{"a", "1"}, {"b", "x&y z+"}, {"c", ""}, {"a", "2"}, {"", "v"}, {"d", "a=b"}});
  CHECK(decode_target("https://[::1]:9717/x?y", &why)->host == "[::1]:9717");
}

TEST_CASE("HttpTarget: what could mean different things to different programs is refused") {
  const std::string refused[] = {"",
                                 "a",
                                 "?a",
                                 "/..",
                                 "/a/../b",
                                 "/a/.",
                                 "/%2e%2e/etc",
                                 "/%2E",
                                 "/.%2e/",
                                 "/a%2fb",
                                 "/a%5cb",
                                 "/a\\b",
                                 "/a%00",
                                 "/a%0a",
                                 "/a%7f",
                                 "/%",
                                 "/%4",
                                 "/%zz",
                                 "/a#b",
                                 "/%ff",
                                 "/%c0%ae",
                                 "/%ed%a0%80",
                                 "/%f4%90%80%80",
                                 "/%e2%82",
                                 "/?a=%",
                                 "/?a=%00",
                                 "/?%0d%0a=1",
                                 "/?a=%fe",
                                 "http://",
                                 "http:///a",
                                 "ftp://h/a",
                                 "/\x80"};
  for (const std::string& raw : refused) {
    CAPTURE(raw);
    CHECK(path_of(raw).starts_with("refused: "));
  }
  std::string many = "/?";
  for (int i = 0; i < 64; ++i) many += "a&";
  CHECK(path_of(many) == "/");
  CHECK(path_of(many + "a").starts_with("refused: more than 64"));
}

TEST_CASE("HttpTarget: after the begin that names follow, a slash or a backslash may be encoded") {
  const auto named = [](std::string_view raw) {
    std::string why;
    const auto target = decode_target(raw, &why, "/names/");
    CHECK(target.has_value() == why.empty());
    return target ? target->path : "refused: " + why;
  };
  CHECK(named("/names/GET%20%2Fusers") == "/names/GET /users");
  CHECK(named("/names/%2f") == "/names//");
  CHECK(named("/names/a%5Cb/c?d=%2f") == "/names/a\\b/c");
  CHECK(named("http://h/names/a%2Fb") == "/names/a/b");
  for (const char* raw : {"/names%2fa", "/name%73/a%2fb", "/other/a%2fb", "/a/names/a%2fb",
                          "/names/a\\b", "/names/..%2fother", "/names/a%2f..", "/names/%2e%2e%2fa",
                          "/names/a%2f.%2fb", "/names/a%00", "/names/%2"}) {
    CAPTURE(raw);
    CHECK(named(raw).starts_with("refused: "));
  }
}

}  // namespace
}  // namespace ringside::http
