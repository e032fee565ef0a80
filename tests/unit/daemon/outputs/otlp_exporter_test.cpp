// Metrics on their way to a collector, which does as a test says.
#include "daemon/outputs/otlp_exporter.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>
#include <string>

#include "daemon/outputs/otlp_sender.h"
#include "tests/unit/daemon/outputs/receivers/scripted_server.h"
#include "tests/unit/daemon/said.h"
#include "tests/unit/daemon/until.h"

namespace ringside {
namespace {

using test::Said;
using test::ScriptedServer;
using test::status;
using test::until;
using Reply = ScriptedServer::Reply;

constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr std::int64_t kHourNs = 3600'000 * kMillisecondNs;

OtlpOptions collector_at(const ScriptedServer& server, std::int64_t interval_ns = kHourNs) {
  OtlpOptions options;
  options.address.host = "127.0.0.1";
  options.address.port = server.port();
  options.address.target = "/v1/metrics";
  options.address.host_field = "h";
  options.address.content_type = "application/x-protobuf";
  options.address.fields = {{"X-Tenant", "chat"}};
  options.address.wants_body = true;
  options.address.connect_timeout = options.address.timeout = std::chrono::seconds(20);
  options.resource = {"host", "instance"};
  options.interval_ns = interval_ns;
  options.pauses = {10 * kMillisecondNs, 20 * kMillisecondNs, kHourNs};
  return options;
}

std::shared_ptr<const Snapshot> snapshot_of(std::uint64_t tick) {
  auto out = std::make_shared<Snapshot>();
  out->tick = tick;
  out->wall_ns = 1'000;
  return out;
}

// The tick of the snapshot that a request was made of.
std::uint64_t tick_in(const std::string& request) {
  const std::string body = request.substr(request.find("\r\n\r\n") + 4);
  protozero::pbf_reader all(body);
  REQUIRE(all.next(1));
  protozero::pbf_reader resource = all.get_message();
  while (resource.next(2)) {
    protozero::pbf_reader scope = resource.get_message();
    while (scope.next(2)) {
      protozero::pbf_reader metric = scope.get_message();
      REQUIRE(metric.next(1));
      if (metric.get_string() != "ringside.ticks") continue;
      REQUIRE(metric.next(7));
      protozero::pbf_reader sum = metric.get_message();
      REQUIRE(sum.next(1));
      protozero::pbf_reader point = sum.get_message();
      REQUIRE(point.next(6));
      return static_cast<std::uint64_t>(point.get_sfixed64());
    }
  }
  FAIL("no ringside.ticks");
  return 0;
}
std::vector<std::uint64_t> ticks_in(const ScriptedServer& server) {
  std::vector<std::uint64_t> ticks;
  for (const std::string& request : server.requests()) ticks.push_back(tick_in(request));
  return ticks;
}
using Ticks = std::vector<std::uint64_t>;

std::string partial(std::int64_t rejected, const std::string& message) {
  std::string body;
  protozero::pbf_writer response(body);
  protozero::pbf_writer inner(response, 1);
  if (rejected > 0) inner.add_int64(1, rejected);
  if (!message.empty()) inner.add_string(2, message);
  inner.commit();
  return body;
}

// Finishes and waits. How long it took.
std::chrono::nanoseconds finish_export(OtlpExporter& exporter) {
  const auto begin = std::chrono::steady_clock::now();
  std::atomic<int> ended{0};
  exporter.finish([&] { ++ended; });
  exporter.join();
  CHECK(ended == 1);
  return std::chrono::steady_clock::now() - begin;
}

Reply accepts(int, const std::string&) { return status(200); }

}  // namespace

TEST_CASE("OtlpAnswer: what the specification says of each") {
  for (const int code : {200, 202, 299}) CHECK(otlp_meaning_of(code) == OtlpAnswer::accepted);
  for (const int code : {0, 429, 502, 503, 504}) CHECK(otlp_meaning_of(code) == OtlpAnswer::again);
  for (const int code : {100, 199, 300, 301, 400, 401, 403, 404, 413, 500, 501, 505})
    CHECK(otlp_meaning_of(code) == OtlpAnswer::dropped);
}

TEST_CASE("OtlpExporter: without a collector there is nothing to wait for") {
  OtlpExporter exporter(1);
  exporter.reconfigure(std::nullopt);
  exporter.show(snapshot_of(1));
  bool ended = false;
  exporter.finish([&] { ended = true; });  // at once, so the flag needs no lock
  CHECK(ended);
  exporter.join();
}

TEST_CASE("OtlpExporter: the first snapshot goes at once, with what a collector asks for") {
  ScriptedServer server(accepts);
  OtlpExporter exporter(1);
  exporter.reconfigure(collector_at(server));
  exporter.show(snapshot_of(7));
  until([&] { return !server.requests().empty(); });
  const std::string request = server.requests().at(0);
  CHECK(request.rfind("POST /v1/metrics HTTP/1.1\r\n", 0) == 0);
  for (const char* field : {"Content-Type: application/x-protobuf\r\n",
                            "Accept: application/x-protobuf\r\n", "X-Tenant: chat\r\n"})
    CHECK(request.find(field) != std::string::npos);
  CHECK(tick_in(request) == 7);
  finish_export(exporter);
  CHECK(server.requests().size() == 1);
}

TEST_CASE("OtlpExporter: between two intervals only the latest waits, and the end sends it") {
  Said said;
  ScriptedServer server(accepts);
  OtlpExporter exporter(1);
  exporter.reconfigure(collector_at(server));
  exporter.show(snapshot_of(1));
  until([&] { return server.requests().size() == 1; });
  for (std::uint64_t tick = 2; tick <= 4; ++tick) exporter.show(snapshot_of(tick));
  finish_export(exporter);
  CHECK(ticks_in(server) == Ticks{1, 4});
  CHECK(said.lines().empty());
}

TEST_CASE("OtlpExporter: each interval has a request") {
  ScriptedServer server(accepts);
  OtlpExporter exporter(1);
  exporter.reconfigure(collector_at(server, 20 * kMillisecondNs));
  std::uint64_t tick = 0;
  until([&] {
    exporter.show(snapshot_of(++tick));
    return server.requests().size() >= 3;
  });
  finish_export(exporter);
  const Ticks ticks = ticks_in(server);
  CHECK(std::is_sorted(ticks.begin(), ticks.end()));
  CHECK(std::adjacent_find(ticks.begin(), ticks.end()) == ticks.end());
  CHECK(ticks.back() == tick);
}

TEST_CASE(
    "OtlpExporter: a collector that is busy or gone is tried again, with the latest figures") {
  for (const int code : {429, 502, 503, 504, 0}) {
    CAPTURE(code);
    Said said;
    std::atomic<bool> shown{false};
    ScriptedServer server([&](int number, const std::string&) {
      if (number == 2) return status(200);
      if (number == 1) until([&] { return shown.load(); });
      return code == 0 ? Reply{} : status(code, "Retry-After: 0\r\n", "later");
    });
    OtlpExporter exporter(1);
    exporter.reconfigure(collector_at(server));
    exporter.show(snapshot_of(1));
    until([&] { return server.requests().size() == 2; });
    exporter.show(snapshot_of(2));
    shown = true;
    until([&] { return said.count("otlp: reached again, failed tries: 2") == 1; });
    finish_export(exporter);
    CHECK(ticks_in(server) == Ticks{1, 1, 2});
    CHECK(said.count("warning: otlp: not sent: ") == 1);
    if (code != 0) CHECK(said.count("it answered " + std::to_string(code) + ": later") == 1);
  }
}

TEST_CASE("OtlpExporter: it is not tried before the collector says") {
  ScriptedServer server(
      [](int, const std::string&) { return status(503, "Retry-After: 3600\r\n"); });
  OtlpExporter exporter(1);
  exporter.reconfigure(collector_at(server));
  exporter.show(snapshot_of(1));
  until([&] { return server.requests().size() == 1; });
  // Several times the longest pause without that field.
  const auto until_then = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  until([&] { return std::chrono::steady_clock::now() > until_then; });
  CHECK(server.requests().size() == 1);
}

TEST_CASE("OtlpExporter: what is refused is dropped and said once, and the next is sent") {
  Said said;
  std::string refusal;
  protozero::pbf_writer(refusal).add_string(2, "no such\ntenant");
  ScriptedServer server([&](int number, const std::string&) {
    return number < 2 ? status(400, "", refusal) : status(200);
  });
  OtlpExporter exporter(1);
  exporter.reconfigure(collector_at(server, 10 * kMillisecondNs));
  exporter.show(snapshot_of(1));
  until([&] { return said.count("otlp: figures are dropped") == 1; });
  exporter.show(snapshot_of(2));
  until([&] { return server.requests().size() == 2; });
  exporter.show(snapshot_of(3));
  until([&] { return said.count("info: otlp: accepted again, requests dropped: 2") == 1; });
  finish_export(exporter);
  CHECK(ticks_in(server) == Ticks{1, 2, 3});
  CHECK(said.count(
            "error: otlp: figures are dropped: it answered 400: no such\\ntenant\n  next: ") == 1);
}

TEST_CASE("OtlpExporter: a partial success is said once and never sent again") {
  Said said;
  ScriptedServer server([](int number, const std::string&) {
    return status(200, "", number < 2 ? partial(3, "too old") : partial(0, "slow down"));
  });
  OtlpExporter exporter(1);
  exporter.reconfigure(collector_at(server, kMillisecondNs));
  for (std::uint64_t tick = 1; tick <= 3; ++tick) {
    exporter.show(snapshot_of(tick));
    until([&] { return server.requests().size() == tick; });
  }
  finish_export(exporter);
  CHECK(ticks_in(server) == Ticks{1, 2, 3});
  CHECK(said.count("warning: otlp: the collector accepted all but 3 data points: too old") == 1);
  CHECK(said.count("warning: otlp: the collector accepted it, and says: slow down") == 1);
  CHECK(said.lines().size() == 2);
}

TEST_CASE("OtlpExporter: the end waits for a silent collector for so long, and says what is lost") {
  Said said;
  ScriptedServer server([](int, const std::string&) { return Reply{"", true}; });
  OtlpExporter exporter(1, 50 * kMillisecondNs);
  exporter.reconfigure(collector_at(server));
  exporter.show(snapshot_of(1));
  until([&] { return server.requests().size() == 1; });
  CHECK(finish_export(exporter) < std::chrono::seconds(10));
  CHECK(said.count("warning: otlp: the last figures were not sent") == 1);
}

TEST_CASE("OtlpExporter: at the end a failure is the last try") {
  Said said;
  ScriptedServer server([](int, const std::string&) { return status(503); });
  OtlpExporter exporter(1, 20'000 * kMillisecondNs);
  exporter.reconfigure(collector_at(server));
  exporter.show(snapshot_of(1));
  until([&] { return said.count("not sent") >= 1; });
  CHECK(finish_export(exporter) < std::chrono::seconds(10));
  CHECK(said.count("warning: otlp: the last figures were not sent") == 1);
}

TEST_CASE("OtlpExporter: another collector gets the latest figures at once, and none gets none") {
  ScriptedServer one(accepts);
  ScriptedServer other(accepts);
  OtlpExporter exporter(1);
  exporter.reconfigure(collector_at(one));
  exporter.show(snapshot_of(1));
  until([&] { return one.requests().size() == 1; });
  exporter.reconfigure(collector_at(one));  // nothing has changed
  exporter.reconfigure(collector_at(other));
  until([&] { return other.requests().size() == 1; });
  exporter.reconfigure(std::nullopt);
  exporter.show(snapshot_of(2));
  finish_export(exporter);
  CHECK(ticks_in(one) == Ticks{1});
  CHECK(ticks_in(other) == Ticks{1});
}
}  // namespace ringside
