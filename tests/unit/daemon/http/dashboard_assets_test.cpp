#include "daemon/http/dashboard_assets.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>

#include "daemon/http/dashboard_files.h"

using namespace ringside::http;

namespace {

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("DashboardAssets: a path has one file, with its type and a tag of its own") {
  std::set<std::string_view> paths, tags;
  for (const DashboardAsset& one : dashboard_files()) {
    CAPTURE(one.path);
    CHECK(paths.insert(one.path).second);
    CHECK(tags.insert(one.etag).second);
    // Weak: the compressed bytes have the same one.
    CHECK(one.etag.starts_with("W/\""));
    CHECK(one.etag.size() == 36);
    CHECK(one.etag.back() == '"');
    CHECK_FALSE(one.bytes.empty());
    CHECK(dashboard_asset(one.path) == &one);
    CHECK(one.type.ends_with("; charset=utf-8"));
  }
  REQUIRE(dashboard_asset("/") != nullptr);
  CHECK(dashboard_asset("/")->type == "text/html; charset=utf-8");
  CHECK(dashboard_asset("/")->bytes.starts_with("<!doctype html>"));
  CHECK(dashboard_asset("/dashboard/main.js")->type == "text/javascript; charset=utf-8");
  CHECK(dashboard_asset("/dashboard/style.css")->type == "text/css; charset=utf-8");
}

TEST_CASE("DashboardAssets: what is not there is not there") {
  for (const char* path : {"", "//", "/index.html", "/dashboard", "/dashboard/", "/dashboard/main",
                           "/dashboard/../main.js", "/dashboard/Main.js"})
    CHECK(dashboard_asset(path) == nullptr);
}

TEST_CASE("DashboardAssets: the page weighs less than 500 kB and each of its files is there") {
  std::size_t bytes = 0;
  for (const DashboardAsset& one : dashboard_files()) bytes += one.bytes.size();
  CHECK(bytes < 500'000);
  for (const DashboardAsset& one : dashboard_files()) {
    if (one.path == "/dashboard/chart.js") continue;
    CAPTURE(one.path);
    for (const char* name : {"src=\"/", "href=\"/"}) {
      for (std::size_t at = one.bytes.find(name); at != one.bytes.npos;
           at = one.bytes.find(name, at + 1)) {
        const std::size_t from = one.bytes.find('"', at) + 1;
        CHECK(dashboard_asset(one.bytes.substr(from, one.bytes.find('"', from) - from)) != nullptr);
      }
    }
    constexpr std::string_view kFrom = " from './";
    for (std::size_t at = one.bytes.find(kFrom); at != one.bytes.npos;
         at = one.bytes.find(kFrom, at + 1)) {
      const std::size_t from = at + kFrom.size();
      const std::string path =
          "/dashboard/" + std::string(one.bytes.substr(from, one.bytes.find('\'', from) - from));
      CAPTURE(path);
      CHECK(dashboard_asset(path) != nullptr);
    }
  }
}

TEST_CASE("DashboardAssets: text stays text, and nothing stands inline") {
  for (const DashboardAsset& one : dashboard_files()) {
    if (one.path == "/dashboard/chart.js") continue;
    CAPTURE(one.path);
    for (const char* word :
         {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function",
          "DOMParser", "localStorage", "style=\"", "http://127", "https://", "onclick=\""})
      CHECK(count_of(one.bytes, word) == 0);
  }
  const std::string_view page = dashboard_asset("/")->bytes;
  CHECK(count_of(page, "<script") == count_of(page, "<script defer src=\"/") +
                                         count_of(page, "<script type=\"module\" src=\"/"));
  CHECK(count_of(page, "<style") == 0);
}
