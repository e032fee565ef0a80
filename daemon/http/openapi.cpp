#include "daemon/http/openapi.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "daemon/http/envelope.h"
#include "daemon/http/openapi_assets.h"

namespace ringside::http {
namespace {

void point_to_components(Json& schema) {
  constexpr std::string_view kFrom = "#/$defs/";
  if (schema.is_object()) {
    for (auto& [key, value] : schema.items()) {
      if (key == "$ref" && value.is_string()) {
        const std::string ref = value.get<std::string>();
        if (ref.starts_with(kFrom)) value = "#/components/schemas/" + ref.substr(kFrom.size());
      } else {
        point_to_components(value);
      }
    }
  } else if (schema.is_array()) {
    for (Json& value : schema) point_to_components(value);
  }
}

void join_descriptions(Json& json) {
  if (!json.is_structured()) return;
  for (auto& [key, value] : json.items()) {
    if (key != "description" || !value.is_array()) {
      join_descriptions(value);
      continue;
    }
    std::string text;
    for (const Json& line : value) text += (text.empty() ? "" : " ") + line.get<std::string>();
    value = text;
  }
}

bool names(const Json& list, const Json& key) {
  return std::find(list.begin(), list.end(), key) != list.end();
}

// A schema with "x-ringside-like" (openapi.h).
Json likened(const Json& schema, const Json& known) {
  Json out = known.at(schema.at("x-ringside-like").get<std::string>());
  for (const auto& [key, value] : schema.items()) {
    if (key.starts_with("x-ringside-")) continue;
    if (key == "properties") {
      for (const auto& [name, property] : value.items()) out["properties"][name] = property;
    } else {
      out[key] = value;
    }
  }
  Json required = Json::array();
  for (const Json& key : out.at("required")) {
    if (!names(schema.value("x-ringside-optional", Json::array()), key)) required.push_back(key);
  }
  for (const Json& key : schema.value("x-ringside-required", Json::array()))
    required.push_back(key);
  out["required"] = std::move(required);
  return out;
}

std::string made_document() {
  Json document = Json::parse(kOpenapiSource);
  join_descriptions(document);
  Json report = Json::parse(kReportSchemaSource);
  point_to_components(report);
  Json schemas = std::move(report.at("$defs"));
  report.erase("$defs");
  report.erase("$schema");
  schemas["report"] = std::move(report);
  const Json of_report = schemas;
  Json& own = document.at("components").at("schemas");
  for (const auto& [name, schema] : own.items())
    schemas[name] = schema.contains("x-ringside-like") ? likened(schema, of_report) : schema;
  own = std::move(schemas);
  return document.dump();
}

}  // namespace

const std::string& openapi_document() {
  static const std::string document = made_document();
  return document;
}

}  // namespace ringside::http
