// What the API answers. Pure functions: a request and what is known go in, an answer comes out.
//
//   match    finds the route of a request, or what is the matter with it
//   answer   answers at once, or gives a Job: it waits for the drain thread or reads the history,
//            so it belongs on a worker thread
//
// The table is the API: openapi.json describes each of its routes, and a test holds them together.
// What stream and /metrics send is made elsewhere (stream_events.h, report/render). All answers
// are made of one snapshot. It is never null in a Present; before the first tick there is none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/http/alert_desk.h"
#include "daemon/http/idempotency.h"
#include "daemon/http/message.h"
#include "daemon/http/present.h"

namespace ringside::http {

// Who answers.
enum class Work : std::uint8_t {
  routes,     // answer() in this file
  stream,     // the broadcaster
  exposition  // /metrics
};

enum class Endpoint : std::uint8_t {
  metrics,
  operation,
  report,
  alerts,
  handle_alerts,
  history,
  stream,
  healthz,
  readyz,
  openapi,
  exposition
};

struct Route {
  Endpoint endpoint;
  Method method;          // get: head, too
  std::string_view path;  // "{name}" stands for the rest, whatever is in it
  Scope scope;            // that is needed; of exposition the configuration decides
  Work work;
  std::size_t most_body_bytes;  // 0: no body
};

inline constexpr std::string_view kApi = "/api/v1/admin/performance/";
inline constexpr std::string_view kBeforeOperation = "/api/v1/admin/performance/operations/";
inline constexpr std::array<Route, 11> kRoutes = {{
    {Endpoint::metrics, Method::get, "/api/v1/admin/performance/metrics", Scope::read, Work::routes,
     0},
    {Endpoint::operation, Method::get, "/api/v1/admin/performance/operations/{name}", Scope::read,
     Work::routes, 0},
    {Endpoint::report, Method::get, "/api/v1/admin/performance/report", Scope::read, Work::routes,
     0},
    {Endpoint::alerts, Method::get, "/api/v1/admin/performance/alerts", Scope::read, Work::routes,
     0},
    {Endpoint::handle_alerts, Method::post, "/api/v1/admin/performance/alerts", Scope::admin,
     Work::routes, 65536},
    {Endpoint::history, Method::get, "/api/v1/admin/performance/history", Scope::read, Work::routes,
     0},
    {Endpoint::stream, Method::get, "/api/v1/admin/performance/stream", Scope::read, Work::stream,
     0},
    {Endpoint::healthz, Method::get, "/healthz", Scope::none, Work::routes, 0},
    {Endpoint::readyz, Method::get, "/readyz", Scope::none, Work::routes, 0},
    {Endpoint::openapi, Method::get, "/api/v1/openapi.json", Scope::none, Work::routes, 0},
    {Endpoint::exposition, Method::get, "/metrics", Scope::none, Work::exposition, 0},
}};

struct Match {
  const Route* route = nullptr;  // null: there is none for this path and method
  std::string name;              // what stands for {name}
  std::string allow;  // the methods that the path has, for a 405: "GET, HEAD"; empty: no such path
};
Match match(Method method, std::string_view path);

// What an answer is made of. A Job keeps a copy, so the parts must live as long as the server.
struct Sources {
  std::shared_ptr<const Present> present;                     // null before the first tick
  std::shared_ptr<const std::vector<AlertTransition>> lines;  // AlertLines::latest(), or null
  std::int64_t now_wall_ns = 0;
  double age_seconds = 0;       // of the snapshot, by a clock that is never set
  std::string history;          // the path of its file; empty: there is no history
  std::string history_problem;  // why it can't be written, one line; empty: it can
  std::string log_problem;      // the same of the alert log
  AlertDesk* desk = nullptr;
  Idempotency* idempotency = nullptr;
};

// To be run once, on a thread that may wait for seconds. What it reads is its own.
struct Job {
  enum class Kind : std::uint8_t {
    waiting,  // up to kDeskWait for the drain thread
    reading   // reads the history or renders a report: of these two at a time are enough
  };
  Kind kind = Kind::reading;
  std::function<Response()> run;
};
using Answer = std::variant<Response, Job>;

// For a match whose route is answered here. The request is authorised.
Answer answer(const Match& match, const Request& request, const Sources& sources);

// "busy", for a Job that finds no room.
Response busy(const Request& request);

}  // namespace ringside::http
