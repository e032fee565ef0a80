#include <fmt/core.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/load/output.h"

namespace ringside::load {
namespace {

using Json = nlohmann::ordered_json;

Json latencies(const Latencies& spans) {
  if (spans.count() == 0) return nullptr;
  const auto rounded = [](double ns) { return std::llround(ns); };
  return {{"count", spans.count()},
          {"min", spans.min_ns()},
          {"mean", rounded(spans.mean_ns())},
          {"p50", rounded(spans.quantile_ns(0.5))},
          {"p90", rounded(spans.quantile_ns(0.9))},
          {"p99", rounded(spans.quantile_ns(0.99))},
          {"max", spans.max_ns()}};
}

Json counts(const Tally& tally, const Books& books) {
  Json codes = Json::object();
  for (const auto& [code, count] : tally.codes) {
    codes[std::to_string(code)] = {{"name", books.code_name(code)}, {"count", count}};
  }
  Json json = {{"sent", tally.sent}, {"answered", tally.answered()}};
  for (std::size_t i = 0; i < kOutcomeCount; ++i) {
    json[std::string(name_of(static_cast<Outcome>(i)))] = tally.outcomes[i];
  }
  json["unanswered"] = tally.unanswered();
  json["unanswered_connection_lost"] = tally.lost;
  json["unanswered_at_deadline"] = tally.late;
  json["unsent"] = tally.unsent;
  json["codes"] = std::move(codes);
  return json;
}

std::string source_name(Source source, const Result& result) {
  switch (source) {
    case kSetup:
      return "setup";
    case kMix:
      return "mix";
    case kRelogin:
      return "relogin";
    default:
      return fmt::format(
          "incident {}",
          name_of(result.incidents[static_cast<std::size_t>(source - kFirstIncident)].spec.kind));
  }
}

Json operation(Op op, const Settings& settings, const Result& result) {
  const Books& books = result.books;
  const Tally total = books.total(op);
  Json json = counts(total, books);
  Json by_source = Json::object();
  for (std::size_t i = 0; i < books.sources(); ++i) {
    const auto source = static_cast<Source>(i);
    const std::uint64_t answered = books.tally(source, op).answered();
    if (answered == 0) continue;
    Json& count = by_source[source_name(source, result)];
    count = (count.is_null() ? 0 : count.get<std::uint64_t>()) + answered;
  }
  json["answered_by_source"] = std::move(by_source);
  json["latency_ns"] = {
      {"from_intended", settings.rate_per_s > 0 ? latencies(total.from_intended) : Json(nullptr)},
      {"from_send", latencies(total.from_send)},
  };
  return json;
}

Json incident(const IncidentReport& report, const Books& books) {
  Json figures = Json::object();
  for (const auto& [name, value] : report.figures) figures[name] = value;
  Json lines = Json::object();
  for (std::size_t i = 0; i < kLineKinds; ++i) {
    const Tally& tally = books.tally(report.source, static_cast<Op>(i));
    if (tally.sent + tally.unsent == 0) continue;
    lines[std::string(name_of(static_cast<Op>(i)))] = counts(tally, books);
  }
  const Connections& connections = books.connections(report.source);
  const auto time_or_null = [](std::int64_t ns) { return ns == 0 ? Json(nullptr) : Json(ns); };
  return {{"name", name_of(report.spec.kind)},
          {"asked", report.spec.text},
          {"started_wall_ns", time_or_null(report.started_wall_ns)},
          {"ended_wall_ns", time_or_null(report.ended_wall_ns)},
          {"failure", report.failure.empty() ? Json(nullptr) : Json(report.failure)},
          {"figures", std::move(figures)},
          {"connections",
           {{"opened", connections.opened},
            {"failed", connections.failed},
            {"lost", connections.lost},
            {"refused", connections.refused}}},
          {"lines", std::move(lines)}};
}

}  // namespace

std::string to_json(const Settings& settings, const Result& result) {
  const Books& books = result.books;
  Tally everything;
  Json operations = Json::object();
  for (std::size_t i = 0; i < kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    everything.merge(books.total(op));
    operations[std::string(name_of(op))] = operation(op, settings, result);
  }
  Json notices = Json::object();
  for (const auto& [code, count] : books.notices()) {
    notices[std::to_string(code)] = {{"name", books.code_name(code)}, {"count", count}};
  }
  Json incidents = Json::array();
  for (const IncidentReport& report : result.incidents)
    incidents.push_back(incident(report, books));
  Json weights = Json::object();
  for (std::size_t i = 0; i < kOpCount; ++i)
    weights[std::string(name_of(static_cast<Op>(i)))] = settings.mix.weights[i];

  const Connections& connections = books.connections(kMix);
  Json totals = counts(everything, books);
  totals["latency_ns"] = {
      {"from_intended",
       settings.rate_per_s > 0 ? latencies(everything.from_intended) : Json(nullptr)},
      {"from_send", latencies(everything.from_send)},
  };
  const Json json = {
      {"program", "ringside-chatload"},
      {"connect", settings.host + ":" + settings.port},
      {"mode", settings.rate_per_s > 0 ? "open loop" : "closed loop"},
      {"rate_per_s", settings.rate_per_s},
      {"clients", settings.clients},
      {"threads", settings.threads},
      {"rooms", result.rooms},
      {"seed", settings.seed},
      {"run", result.run},
      {"mix", std::move(weights)},
      {"interrupted", result.interrupted},
      {"started_wall_ns", result.started_wall_ns},
      {"ended_wall_ns", result.ended_wall_ns},
      {"setup_s", result.setup_s},
      {"load_s", result.load_s},
      {"drain_s", result.drain_s},
      {"cpu_s", result.cpu_s},
      {"totals", std::move(totals)},
      {"operations", std::move(operations)},
      {"no_operation", counts(books.total(Op::none), books)},
      {"notices", std::move(notices)},
      {"pushes", books.pushes()},
      {"connections",
       {{"opened", connections.opened},
        {"failed", connections.failed},
        {"lost", connections.lost},
        {"refused", connections.refused},
        {"clients_given_up", result.clients_given_up}}},
      {"misread_lines", books.misread()},
      {"protocol_errors", books.protocol_errors()},
      {"protocol_error_examples", books.protocol_error_examples()},
      {"incidents", std::move(incidents)},
  };
  // Answers that break the protocol are quoted here, and they need not be UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string write_whole(const std::string& path, const std::string& text) {
  const std::string beside = path + ".tmp";
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file || std::rename(beside.c_str(), path.c_str()) != 0) {
    const std::string why = std::strerror(errno);
    std::remove(beside.c_str());
    return fmt::format("{}: cannot be written: {}", path, why);
  }
  return {};
}

}  // namespace ringside::load
