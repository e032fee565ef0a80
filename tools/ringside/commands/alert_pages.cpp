#include "tools/ringside/commands/alert_pages.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

namespace ringside::tool {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kPage = 200;
constexpr const char* kAllOfHistory = "3660d";  // the most that a history keeps

}  // namespace

std::optional<ApiAnswer> api_answer(const DaemonClient::Result& result) {
  if (const auto* failure = std::get_if<Failure>(&result)) {
    std::fprintf(stderr, "ringside: %s\n", failure->message.c_str());
    return std::nullopt;
  }
  const auto& answer = std::get<DaemonAnswer>(result);
  if (answer.status != 200) {
    std::fprintf(stderr, "ringside: %s\n", problem_text(answer).c_str());
    return std::nullopt;
  }
  Json json = Json::parse(answer.body, nullptr, false);
  if (!json.is_object() || !json.contains("data") || !json.contains("meta")) {
    std::fprintf(stderr,
                 "ringside: what answers is no ringsided of this version\n"
                 "  next: name the daemon's socket with --socket\n");
    return std::nullopt;
  }
  return ApiAnswer{std::move(json["data"]), std::move(json["meta"])};
}

Json refused_results(const DaemonClient::Result& result) {
  const auto* answer = std::get_if<DaemonAnswer>(&result);
  if (answer == nullptr || answer->status == 200) return nullptr;
  Json problem = Json::parse(answer->body, nullptr, false);
  const bool has = problem.is_object() && problem.contains("results") &&
                   problem["results"].is_array() && !problem["results"].empty();
  return has ? std::move(problem["results"]) : Json(nullptr);
}

std::optional<ApiAnswer> matching_incidents(const DaemonClient& client,
                                            const AlertsOptions& options) {
  DaemonClient::Query query;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) query.emplace_back(name, value);
  };
  add("state", options.state);
  add("level", fmt::format("{}", fmt::join(options.levels, ",")));
  add("alert", fmt::format("{}", fmt::join(options.types, ",")));
  add("operation", options.operation);
  add("ring", options.ring);
  add("since", options.since);
  add("until", options.until);
  std::optional<ApiAnswer> all;
  std::string cursor;
  do {
    const std::size_t there = all ? all->data["incidents"].size() : 0;
    DaemonClient::Query page = query;
    page.emplace_back("limit", std::to_string(std::min(options.limit - there, kPage)));
    if (!cursor.empty()) page.emplace_back("cursor", cursor);
    auto answer = api_answer(client.get(kAlertsPath, page));
    if (!answer) return std::nullopt;
    if (all) {
      for (Json& one : answer->data["incidents"]) all->data["incidents"].push_back(std::move(one));
      all->data["next_cursor"] = answer->data["next_cursor"];
    } else {
      all = std::move(answer);
    }
    const Json& next = all->data["next_cursor"];
    cursor = next.is_string() ? next.get<std::string>() : "";
  } while (!cursor.empty() && all->data["incidents"].size() < options.limit);
  return all;
}

std::optional<Json> find_incident(const DaemonClient& client, const std::string& id) {
  for (const char* since : {"", kAllOfHistory}) {
    std::string cursor;
    do {
      DaemonClient::Query page = {{"limit", std::to_string(kPage)}};
      if (*since != '\0') page.emplace_back("since", since);
      if (!cursor.empty()) page.emplace_back("cursor", cursor);
      const auto answer = api_answer(client.get(kAlertsPath, page));
      if (!answer) return std::nullopt;
      for (const Json& one : answer->data["incidents"]) {
        if (one["id"] == id) return one;
        for (const Json& alert : one["alerts"]) {
          if (alert["id"] == id) return one;
        }
      }
      const Json& next = answer->data["next_cursor"];
      cursor = next.is_string() ? next.get<std::string>() : "";
    } while (!cursor.empty());
  }
  return Json(nullptr);
}

}  // namespace ringside::tool
