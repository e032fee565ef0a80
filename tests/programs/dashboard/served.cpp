// The real server with the real routes and the dashboard, over an alert engine and a database whose
// circuit breaker the caller opens. Prints `ADDRESS ADMIN_TOKEN READ_TOKEN`, and then obeys lines:
//
//   open, close   the breaker; tick   five seconds pass
//
// Each is answered by a line `done`. It ends with its standard input.
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/http/dashboard_assets.h"
#include "daemon/http/http_server.h"
#include "daemon/http/routes.h"
#include "daemon/http/stream_events.h"
#include "daemon/http/tokens.h"
#include "tests/unit/daemon/http/alerted_server.h"
#include "tests/unit/daemon/http/route_world.h"

using namespace ringside;
using namespace ringside::http;

namespace {

constexpr std::string_view kStream = "/api/v1/admin/performance/stream";

class Served {
 public:
  Served() : desk_(world_.engine, world_.wall_ns) {
    sources_.desk = &desk_;
    sources_.idempotency = &idempotency_;
    world_.snapshot.tick_seconds = 5;
    world_.snapshot.daemon.version = "0.1.0";
    world_.snapshot.daemon.started_wall_ns = world_.wall_ns;
    show();
  }

  void breaker(bool open) {
    const std::lock_guard lock(mutex_);
    world_.breaker(open);
  }

  // The events of the tick.
  std::vector<StreamData> tick() {
    const std::lock_guard lock(mutex_);
    const auto before = sources_.present;
    world_.tick();
    show();
    return events_between(&before->snapshot(), *sources_.present);
  }

  Response respond(const Request& request) {
    if (const DashboardAsset* asset = dashboard_asset(request.path)) {
      Response response;
      response.type = asset->type;
      response.headers = {{"ETag", std::string(asset->etag)}, {"Cache-Control", "no-cache"}};
      response.body = asset->bytes;
      return response;
    }
    const std::lock_guard lock(mutex_);
    const Match found = match(request.method, request.path);
    if (found.route == nullptr) return unknown_path(request);
    return run(found, request, now());
  }
  std::string first_events() {
    const std::lock_guard lock(mutex_);
    const StreamData hello = hello_event(sources_.present.get(), now().now_wall_ns);
    return event_text({"", std::string(hello.event), hello.data});
  }

 private:
  void show() {
    sources_.present = std::make_shared<Present>(std::make_shared<const Snapshot>(world_.snapshot));
    shown_at_ = std::chrono::steady_clock::now();
  }
  Sources now() const {
    Sources sources = sources_;
    const std::chrono::duration<double> age = std::chrono::steady_clock::now() - shown_at_;
    sources.age_seconds = age.count();
    sources.now_wall_ns = world_.wall_ns + static_cast<std::int64_t>(age.count() * 1e9);
    return sources;
  }

  std::mutex mutex_;
  AlertedServer world_;
  EngineDesk desk_;
  Idempotency idempotency_;
  Sources sources_;
  std::chrono::steady_clock::time_point shown_at_;
};

Handlers handlers_of(Served& served) {
  Handlers handlers;
  handlers.answer = [&served](const Request& request, const Answered& answered) {
    answered(served.respond(request));
  };
  handlers.needs = [](Method method, std::string_view path) {
    if (dashboard_asset(path) != nullptr) return Scope::none;
    const Match found = match(method, path);
    return found.route != nullptr ? found.route->scope : Scope::read;
  };
  handlers.allowed = [](std::string_view path) -> std::string {
    if (dashboard_asset(path) != nullptr) return "GET, HEAD";
    const bool get = match(Method::get, path).route != nullptr;
    const bool post = match(Method::post, path).route != nullptr;
    return get ? post ? "GET, HEAD, POST" : "GET, HEAD" : post ? "POST" : "";
  };
  handlers.before_name = kBeforeOperation;
  handlers.open_stream = [&served](const Request& request) -> std::optional<std::string> {
    if (request.path != kStream) return std::nullopt;
    return served.first_events();
  };
  return handlers;
}

// Where the directory has tokens already, they stay.
void write_tokens(const std::string& directory, std::string* admin, std::string* reader) {
  const std::string secrets = directory + "/secrets";
  if (std::ifstream(secrets) >> *admin >> *reader) return;
  const NewToken boss = make_token("boss", Scope::admin).value();
  const NewToken eyes = make_token("eyes", Scope::read).value();
  const std::string tokens = directory + "/tokens";
  std::ofstream(tokens) << boss.line << "\n" << eyes.line << "\n";
  std::filesystem::permissions(tokens, std::filesystem::perms(0600));
  std::ofstream(secrets) << (*admin = boss.secret) << " " << (*reader = eyes.secret) << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: ringside_dashboard_served DIRECTORY PORT\n";
    return 2;
  }
  spdlog::set_level(spdlog::level::off);  // standard output is for the caller
  const std::string directory = argv[1];
  std::string admin, reader;
  write_tokens(directory, &admin, &reader);
  HttpOptions options;
  options.listen = {std::string("127.0.0.1:") + argv[2]};
  options.tokens_file = directory + "/tokens";
  options.retry = std::chrono::milliseconds(50);
  Served served;
  HttpServer server(options, handlers_of(served));
  if (const auto failure = server.start()) {
    std::cerr << failure->message << "\n";
    return 1;
  }
  while (server.endpoints().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::cout << "http://127.0.0.1:" << server.endpoints().at(0).port() << "/ " << admin << " "
            << reader << std::endl;
  std::uint64_t id = 0;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "open" || line == "close") served.breaker(line == "open");
    if (line == "tick") {
      for (const StreamData& one : served.tick())
        server.publish({std::to_string(++id), std::string(one.event), one.data});
    }
    std::cout << "done" << std::endl;
  }
  server.stop(std::chrono::seconds(1));
}
