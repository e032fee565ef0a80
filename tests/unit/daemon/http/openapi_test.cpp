#include "daemon/http/openapi.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>

using namespace ringside::http;
using PlainJson = nlohmann::json;

namespace {

void collect_refs(const PlainJson& json, std::set<std::string>& refs) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      if (key == "$ref" && value.is_string()) refs.insert(value.get<std::string>());
      collect_refs(value, refs);
    }
  } else if (json.is_array()) {
    for (const PlainJson& value : json) collect_refs(value, refs);
  }
}

}  // namespace

TEST_CASE("Openapi: every reference leads somewhere, and nothing of the making is left") {
  const PlainJson document = PlainJson::parse(openapi_document());
  CHECK(document.at("openapi") == "3.1.0");
  std::set<std::string> refs;
  collect_refs(document, refs);
  CHECK(refs.size() > 50);
  for (const std::string& ref : refs) {
    CAPTURE(ref);
    REQUIRE(ref.starts_with("#/components/"));
    CHECK(document.contains(PlainJson::json_pointer(ref.substr(1))));
  }
  CHECK(openapi_document().find("x-ringside-") == std::string::npos);
  CHECK(openapi_document().find("$defs") == std::string::npos);
  CHECK(document.at("info").at("description").is_string());
}

TEST_CASE("Openapi: a schema that is like one of the report has its keys, less and more") {
  const PlainJson document = PlainJson::parse(openapi_document());
  const PlainJson& schemas = document.at("components").at("schemas");
  const PlainJson& window = schemas.at("window");
  const PlainJson& shown = schemas.at("shown_window");
  CHECK(window.at("properties") == shown.at("properties"));
  CHECK(window.at("required").size() == shown.at("required").size() + 1);
  const PlainJson& series = schemas.at("shown_series");
  CHECK(series.at("properties").contains("waits_for_client"));
  CHECK(series.at("properties").contains("threshold"));
  CHECK(series.at("required").back() == "threshold");
  CHECK(series.at("properties").at("windows").at("properties").at("1m").at("$ref") ==
        "#/components/schemas/shown_window");
}
