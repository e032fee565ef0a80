#include "daemon/http/envelope.h"

#include <utility>

#include "report/render/json_parts.h"

namespace ringside::http {
namespace {

using detail::array_of;
using detail::json_at;

double seconds_between(std::int64_t from_wall_ns, std::int64_t to_wall_ns) {
  return static_cast<double>(to_wall_ns - from_wall_ns) / 1e9;
}

Json json_ring_age(const RingView& ring, std::int64_t now_wall_ns) {
  return {{"name", ring.name},
          {"state", name_of(ring.state)},
          {"created_at", json_at(ring.created_wall_ns)},
          {"age_seconds", ring.created_wall_ns == 0
                              ? Json(nullptr)
                              : Json(seconds_between(ring.created_wall_ns, now_wall_ns))}};
}

Json short_meta(const Request& request, const Sources& sources) {
  return {{"request_id", request.id}, {"generated_at", json_at(sources.now_wall_ns)}};
}

Json meta(const Request& request, const Sources& sources) {
  Json json = short_meta(request, sources);
  const Snapshot* snapshot = sources.present ? &sources.present->snapshot() : nullptr;
  if (snapshot == nullptr) {
    for (const char* key : {"taken_at", "age_seconds", "tick", "tick_seconds", "daemon"})
      json[key] = nullptr;
    json["rings"] = Json::array();
    return json;
  }
  json["taken_at"] = json_at(snapshot->wall_ns);
  json["age_seconds"] = sources.age_seconds;
  json["tick"] = snapshot->tick;
  json["tick_seconds"] = snapshot->tick_seconds;
  json["daemon"] = {{"version", snapshot->daemon.version},
                    {"pid", snapshot->daemon.pid},
                    {"started_at", json_at(snapshot->daemon.started_wall_ns)}};
  json["rings"] = array_of(snapshot->rings, [&](const RingView& ring) {
    return json_ring_age(ring, sources.now_wall_ns);
  });
  return json;
}

Response of_parts(const std::string& data, const Json& meta) {
  Response response;
  response.headers.emplace_back("Cache-Control", "no-store");
  response.body = "{\"data\":" + data + ",\"meta\":" + json_text_of(meta) + "}\n";
  return response;
}

}  // namespace

std::string json_text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Response enveloped(const Request& request, const Sources& sources, const Rendered& data) {
  Response response = of_parts(data.text, meta(request, sources));
  response.headers.emplace_back("ETag", data.etag);
  return response;
}

Response enveloped(const Request& request, const Sources& sources, const Json& data) {
  return enveloped(request, sources, data, Json::object());
}

Response enveloped(const Request& request, const Sources& sources, const Json& data,
                   const Json& more_meta) {
  const std::string text = json_text_of(data);
  Json all_meta = meta(request, sources);
  all_meta.update(more_meta);
  Response response = of_parts(text, all_meta);
  response.headers.emplace_back("ETag", weak_etag(text));
  return response;
}

Response enveloped_deed(const Request& request, const Sources& sources, const Json& data) {
  return of_parts(json_text_of(data), meta(request, sources));
}

Response short_enveloped(const Request& request, const Sources& sources, const Json& data) {
  return of_parts(json_text_of(data), short_meta(request, sources));
}

Response problem_for_now(const Request& request, std::string_view code, std::string_view title,
                         std::string_view detail, std::int64_t retry_after_s) {
  Response response = problem(request, 503, code, title, detail);
  response.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
  return response;
}

Response with_member(Response problem, const char* name, const Json& value) {
  Json json = Json::parse(problem.body);
  json[name] = value;
  problem.body = json_text_of(json) + "\n";
  return problem;
}

Response not_known_yet(const Request& request) {
  return problem_for_now(request, "not_known_yet", "Nothing is known yet",
                         "the daemon has just started and takes its first snapshot; ask again in "
                         "a second",
                         1);
}

}  // namespace ringside::http
