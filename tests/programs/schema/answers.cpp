// Writes answers of the API into the directory that it is given, for api.py: each as a JSON
// document with the request, the status, the type, the headers and the body; the routes; and the
// OpenAPI document.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "daemon/http/openapi.h"
#include "daemon/http/stream_events.h"
#include "tests/unit/daemon/http/alerted_server.h"
#include "tests/unit/daemon/http/route_world.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/ones.h"

using namespace ringside;
using namespace ringside::http;
using Json = nlohmann::ordered_json;

namespace {

const char* name_of_method(Method method) { return method == Method::post ? "post" : "get"; }

class Writer {
 public:
  explicit Writer(std::string directory) : directory_(std::move(directory)) {}

  void write(const std::string& name, const Json& json) {
    std::ofstream file(directory_ + "/" + name + ".json", std::ios::binary);
    file << json.dump(1, ' ', false, Json::error_handler_t::replace) << "\n";
    file.close();
    good = good && file;
  }

  Response answer(const RouteWorld& world, const Request& request) {
    const Response response = world.ask(request);
    Json headers = Json::object();
    for (const auto& [key, value] : response.headers) headers[key] = value;
    const Match found = match(request.method, request.path);
    write("answer-" + std::to_string(++count_), {{"method", name_of_method(request.method)},
                                                 {"route", found.route->path},
                                                 {"path", request.path},
                                                 {"query", request.query},
                                                 {"request_body", request.body},
                                                 {"status", response.status},
                                                 {"type", response.type},
                                                 {"headers", headers},
                                                 {"body", response.body}});
    return response;
  }
  Response get(const RouteWorld& world, const std::string& path, Fields query = {},
               Fields headers = {}) {
    return answer(world,
                  world.request(Method::get, path, std::move(query), std::move(headers), ""));
  }
  Response api(const RouteWorld& world, const std::string& name, Fields query = {},
               Fields headers = {}) {
    return get(world, std::string(kApi) + name, std::move(query), std::move(headers));
  }
  Response post(const RouteWorld& world, const std::string& body, Fields headers = {}) {
    return answer(world, world.request(Method::post, std::string(kApi) + "alerts", {},
                                       std::move(headers), body));
  }
  void events(const std::vector<StreamData>& events) {
    for (const StreamData& event : events)
      write("event-" + std::to_string(++count_), {{"event", event.event}, {"data", event.data}});
  }

  bool good = true;

 private:
  std::string directory_;
  int count_ = 0;
};

void write_routes(Writer& writer) {
  Json routes = Json::array();
  for (const Route& route : kRoutes) {
    const char* scope = route.scope == Scope::admin  ? "admin"
                        : route.scope == Scope::read ? "read"
                                                     : "none";
    routes.push_back({{"path", route.path},
                      {"method", name_of_method(route.method)},
                      {"scope", scope},
                      {"most_body_bytes", route.most_body_bytes}});
  }
  writer.write("routes", routes);
  writer.write("openapi", Json::parse(openapi_document()));
}

// What the samples lack, so that every key is written once.
Snapshot whole_snapshot() {
  Snapshot snapshot = sample::after_the_night();
  FailedLogins failed;
  failed.ring = "chat";
  failed.party = {PartyKind::address, 0x7F000001, ""};
  failed.minute = 3;
  failed.hour = 40;
  failed.others = 12;
  failed.since_wall_ns = failed.last_wall_ns = snapshot.wall_ns;
  snapshot.failed_by_address = snapshot.failed_by_account = {failed};
  snapshot.silences.push_back({"s1", "", AlertType::high_latency, "SEND_MESSAGE", "chat",
                               AlertLevel::warning, "anna", "known", snapshot.wall_ns + 1});
  snapshot.rings.at(0).sampled = {{"SEND_MESSAGE", 8}};
  AlertView pending{snapshot.transitions.at(0), snapshot.wall_ns};
  pending.last.state = AlertState::pending;
  pending.last.incident.clear();
  snapshot.alerts.push_back(pending);
  for (AlertView& alert : snapshot.alerts) {
    if (alert.active()) alert.last.incident = snapshot.incidents.at(0).id;
  }
  return snapshot;
}

void write_present(Writer& writer, const RouteWorld& world) {
  writer.api(world, "metrics");
  writer.api(world, "metrics", {{"window", "5m"}, {"recent", "3"}, {"histograms", "true"}});
  writer.api(world, "metrics", {{"operation", "SEND_MESSAGE"}, {"ring", "chat"}});
  writer.api(world, "metrics", {{"operation", "SEND_MESAGE"}});
  writer.api(world, "metrics", {{"ring", "chut"}});
  writer.api(world, "metrics", {{"windw", "5m"}});
  writer.api(world, "metrics", {{"window", "5m"}, {"window", "1m"}});
  writer.api(world, "metrics", {{"recent", "101"}});
  writer.api(world, "operations/SEND_MESSAGE");
  writer.api(world, "operations/LOGIN_FAILED");
  writer.api(world, "operations/NONE");
  writer.get(world, "/healthz");
  writer.get(world, "/readyz");
  writer.get(world, "/api/v1/openapi.json");
  for (const char* format : {"json", "html", "markdown", "text"})
    writer.api(world, "report", {{"format", format}});
  writer.api(world, "report", {}, {{"accept", "image/png"}});
  writer.api(world, "alerts");
  writer.api(world, "alerts", {{"limit", "1"}});
  writer.api(world, "alerts", {{"cursor", "zz"}});
  writer.events({hello_event(world.sources.present.get(), world.sources.now_wall_ns)});
  writer.events(events_between(nullptr, *world.sources.present));
}

void write_past(Writer& writer, const RouteWorld& world) {
  writer.api(world, "history");
  writer.api(world, "history",
             {{"figure", "stage:database,gauge:connections,gauge_max:load_1m_milli,lost"},
              {"step", "10min"}});
  writer.api(world, "history", {{"operation", "*"}, {"since", "1h"}});
  writer.api(world, "history", {{"operation", "NONE"}});
  writer.api(world, "history", {{"figure", "gauge:none"}});
  writer.api(world, "history", {{"since", "2100-01-01"}});
  writer.api(world, "operations/SEND_MESSAGE", {{"history", "2h"}});
  writer.api(world, "alerts", {{"since", "8h"}});
  writer.api(world, "report", {{"since", "2h"}});
  writer.api(world, "report", {{"since", "2h"}, {"compare_to", "3h"}});
  writer.api(world, "report", {{"since", "2h"}, {"compare_to", "baseline"}});
}

void write_unready(Writer& writer, const std::string& directory) {
  RouteWorld world;
  writer.api(world, "metrics");
  writer.get(world, "/readyz");
  writer.api(world, "history");
  world.sources.history = directory + "/empty.db";
  writer.good = writer.good && write_history(world.sources.history, {}).empty();
  writer.api(world, "history");
  writer.api(world, "report", {{"since", "1h"}});
  world.sources.history = directory;
  writer.api(world, "history");
}

void write_handling(Writer& writer) {
  AlertedServer world;
  world.breaker(true);
  world.tick();
  const std::string alert = world.alert(AlertType::database_issue);
  RouteWorld routes(world.snapshot);
  EngineDesk desk(world.engine, world.wall_ns);
  Idempotency idempotency;
  routes.sources.now_wall_ns = world.wall_ns;
  routes.sources.desk = &desk;
  routes.sources.idempotency = &idempotency;
  const auto body = [](const Json& json) { return json.dump(); };
  writer.post(routes, body({{"action", "acknowledge"}, {"ids", {alert}}, {"why", "mine"}}));
  writer.post(routes, body({{"action", "clear"}, {"all", true}, {"why", "x"}, {"dry_run", true}}));
  writer.post(routes, body({{"action", "silence"},
                            {"filter",
                             {{"alert", "database_issue"},
                              {"level", "critical"},
                              {"operation", "SEND_MESSAGE"},
                              {"ring", "chat"}}},
                            {"for", "2h"},
                            {"who", "anna"},
                            {"why", "known"}}));
  const std::string incident = world.snapshot.incidents.at(0).id;
  writer.post(routes, body({{"action", "acknowledge"}, {"incidents", {incident}}, {"why", "x"}}));
  writer.post(routes, body({{"action", "clear"}, {"ids", {"none"}}, {"why", "x"}}));
  writer.post(routes, body({{"action", "clear"}, {"ids", {alert, "none"}}, {"why", "x"}}));
  writer.post(routes, body({{"action", "acknowledge"}, {"ids", {alert}}, {"why", "late"}}));
  writer.post(routes, body({{"action", "clear"}}));
  writer.post(routes, "{");
  const std::string all = body({{"action", "clear"}, {"all", true}, {"why", "x"}});
  writer.post(routes, all, {{"idempotency-key", "k"}});
  writer.post(routes, all + " ", {{"idempotency-key", "k"}});
  idempotency.begin("tcp\nops\nother", all, world.wall_ns);
  writer.post(routes, all, {{"idempotency-key", "other"}});
  desk.hangs = true;
  writer.post(routes, all);
  const Snapshot before = world.snapshot;
  world.tick();
  writer.events(events_between(&before, Present(std::make_shared<const Snapshot>(world.snapshot))));
}

void write_gap(Writer& writer) {
  Snapshot before = sample::ones();
  Snapshot after = before;
  after.transitions_forgotten += 10;
  writer.events(events_between(&before, Present(std::make_shared<const Snapshot>(after))));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: ringside_http_answers DIRECTORY\n", stderr);
    return 2;
  }
  const std::string directory = argv[1];
  Writer writer(directory);
  write_routes(writer);
  RouteWorld whole(whole_snapshot());
  whole.sources.history = directory + "/night.db";
  writer.good = writer.good && write_history(whole.sources.history, observed_night()).empty();
  write_present(writer, whole);
  write_past(writer, whole);
  write_present(writer, RouteWorld(sample::after_a_hostile_night()));
  write_present(writer, RouteWorld(sample::numbered()));
  write_present(writer, RouteWorld(sample::ones()));
  write_present(writer, RouteWorld(Snapshot{}));
  write_unready(writer, directory);
  write_handling(writer);
  write_gap(writer);
  return writer.good ? 0 : 1;
}
