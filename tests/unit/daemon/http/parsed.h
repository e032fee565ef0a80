// An answer's parts, for checks.
#pragma once

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "daemon/http/message.h"

namespace ringside::http {

inline nlohmann::ordered_json parsed(const Response& response) {
  CAPTURE(response.body);
  return nlohmann::ordered_json::parse(response.body);
}

// The data of an answer with status 200.
inline nlohmann::ordered_json data_of(const Response& response) {
  CAPTURE(response.body);
  REQUIRE(response.status == 200);
  return parsed(response).at("data");
}

// "400 unknown_parameter"
inline std::string code_of(const Response& response) {
  if (response.status < 400) return std::to_string(response.status);
  CHECK(response.type == "application/problem+json");
  return std::to_string(response.status) + " " + parsed(response).at("code").get<std::string>();
}
inline std::string detail_of(const Response& response) {
  return parsed(response).value("detail", "");
}

}  // namespace ringside::http
