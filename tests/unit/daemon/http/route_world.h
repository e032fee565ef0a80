// Asks the routes as the server does: finds the route, answers, and runs the job where there is
// one. The alert desk is a real engine.
#pragma once

#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/alerts/alert_engine.h"
#include "daemon/history/history_store.h"
#include "daemon/http/alert_lines.h"
#include "daemon/http/routes.h"
#include "report/model/history.h"
#include "tests/unit/report/night.h"
#include "tests/unit/report/sample.h"

namespace ringside::http {

using Fields = std::vector<std::pair<std::string, std::string>>;

// Hands requests to an engine at once, at the time that the test says.
class EngineDesk final : public AlertDesk {
 public:
  EngineDesk(AlertEngine& engine, const std::int64_t& wall_ns)
      : engine_(engine), wall_ns_(wall_ns) {}

  std::optional<std::vector<AlertAnswer>> handle(std::vector<AlertRequest> requests,
                                                 std::chrono::milliseconds) override {
    if (throws) throw std::bad_alloc();
    if (hangs) return std::nullopt;
    std::vector<AlertAnswer> answers;
    for (const AlertRequest& request : requests) {
      asked.push_back(request);
      answers.push_back(engine_.handle(request, wall_ns_));
      log.tell(answers.back().lines);
    }
    return answers;
  }

  bool hangs = false;
  bool throws = false;
  std::vector<AlertRequest> asked;
  AlertLines log;

 private:
  AlertEngine& engine_;
  const std::int64_t& wall_ns_;
};

inline Response run(const Match& match, const Request& request, const Sources& sources) {
  Answer answered = answer(match, request, sources);
  if (auto* response = std::get_if<Response>(&answered)) return std::move(*response);
  return std::get<Job>(answered).run();
}

struct RouteWorld {
  Sources sources;
  std::string who = "ops";
  std::optional<uid_t> uid;  // of the Unix socket

  RouteWorld() = default;
  explicit RouteWorld(Snapshot snapshot) {
    sources.now_wall_ns = snapshot.wall_ns + 1'500'000'000;
    sources.age_seconds = 1.5;
    show(std::move(snapshot));
  }
  void show(Snapshot snapshot) {
    sources.present =
        std::make_shared<Present>(std::make_shared<const Snapshot>(std::move(snapshot)));
  }

  Request request(Method method, std::string path, Fields query, Fields headers,
                  std::string body) const {
    Request request;
    request.method = method;
    request.path = std::move(path);
    request.query = std::move(query);
    request.headers = std::move(headers);
    request.body = std::move(body);
    request.id = "request-1";
    request.peer = "127.0.0.1";
    request.who = who;
    request.uid = uid;
    if (uid) request.peer = "uid " + std::to_string(*uid);
    request.scope = Scope::admin;
    return request;
  }
  Response ask(const Request& request) const {
    const Match found = match(request.method, request.path);
    if (found.route == nullptr) return problem(request, 404, "no_route", "", found.allow);
    return run(found, request, sources);
  }
  Response get(const std::string& path, Fields query = {}, Fields headers = {}) const {
    return ask(request(Method::get, path, std::move(query), std::move(headers), ""));
  }
  // Below /api/v1/admin/performance/.
  Response api(const std::string& name, Fields query = {}, Fields headers = {}) const {
    return get(std::string(kApi) + name, std::move(query), std::move(headers));
  }
  Response post(std::string body, Fields headers = {}) const {
    return ask(request(Method::post, std::string(kApi) + "alerts", {}, std::move(headers),
                       std::move(body)));
  }
};

inline const std::string* header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return &value;
  }
  return nullptr;
}

// sample::night() with what a history has beside it: how the ring was observed, and gauges.
inline HistorySpan observed_night(HistorySpan span = sample::night()) {
  HistoryRing ring{"chat", {}, 0};
  HistoryGauge connections{"chat", "connections", {}};
  HistoryGauge load{"", "load_1m_milli", {}};
  std::int64_t minute = 0;
  for (std::int64_t at = span.begin_wall_s; at < span.end_wall_s; at += 60, ++minute) {
    if (minute >= 120 && minute < 123) continue;  // nothing was seen
    ring.slots.push_back({at, 60, 0, 60, minute == 300 ? 7U : 0U});
    connections.samples.push_back({at, 100 + minute, 90, 200 + minute});
    load.samples.push_back({at, 1500, 1000, 2000});
  }
  span.rings.push_back(std::move(ring));
  span.gauges.push_back(std::move(connections));
  span.gauges.push_back(std::move(load));
  return span;
}

// Returns why it failed; empty: it is written.
inline std::string write_history(const std::string& path, const HistorySpan& span) {
  HistoryStore store;
  std::string moved;
  if (const auto failure = store.open(path, {}, &moved)) return failure->message;
  store.write(span);
  return "";
}

}  // namespace ringside::http
