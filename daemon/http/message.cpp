#include "daemon/http/message.h"

#include <nlohmann/json.hpp>

namespace ringside::http {
namespace {

const std::string* first(const std::vector<std::pair<std::string, std::string>>& fields,
                         std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return &value;
  }
  return nullptr;
}

}  // namespace

const std::string* Request::header(std::string_view lower_case_name) const {
  return first(headers, lower_case_name);
}

const std::string* Request::parameter(std::string_view name) const { return first(query, name); }

Response problem(const Request& request, int status, std::string_view code, std::string_view title,
                 std::string_view detail) {
  const nlohmann::ordered_json body{{"type", "about:blank"}, {"title", title},
                                    {"status", status},      {"detail", detail},
                                    {"code", code},          {"request_id", request.id}};
  Response response;
  response.status = status;
  response.type = "application/problem+json";
  // What a client sent may stand in the detail, and need not be UTF-8.
  response.body =
      body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  return response;
}

Response internal_error(const Request& request) {
  return problem(request, 500, "internal_error", "Internal error",
                 "the daemon's log says more, under the id of this request");
}

Response unknown_path(const Request& request) {
  return problem(request, 404, "unknown_path", "Not found",
                 request.path + ": no such path; /api/v1/openapi.json has them all");
}

}  // namespace ringside::http
