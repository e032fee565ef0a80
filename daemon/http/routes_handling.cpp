// POST alerts: what a person says of them goes to the engine, and what it said comes back.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/http/alert_body.h"
#include "daemon/http/envelope.h"
#include "daemon/http/parameters.h"
#include "daemon/http/routes_parts.h"
#include "report/model/format.h"
#include "report/render/json_parts.h"

namespace ringside::http {
namespace {

using detail::array_of;
using Aim = AlertBody::Aim;

constexpr std::size_t kMostWhoBytes = 100;
constexpr std::size_t kMostKeyBytes = 200;

struct Result {
  std::string target;
  bool done = false;
  bool changed = false;
  bool unknown = false;
  std::string text;
  std::string silence;
  std::vector<std::string> alerts;
};

// Who the alert log names: the name that was given, and behind it the one that was proved.
std::string who_says(const Request& request, const AlertBody& body) {
  std::string proved = request.who.empty() ? request.peer : request.who;
  const std::size_t room = kMostWhoBytes - (body.who.empty() ? 0 : body.who.size() + 3);
  if (proved.size() > room) {
    std::size_t end = room;
    while (end > 0 && (static_cast<unsigned char>(proved[end]) & 0xC0U) == 0x80U) --end;
    proved.resize(end);
  }
  return body.who.empty() ? proved : body.who + " (" + proved + ")";
}

bool is_meant(const AlertBody& body, const Aim& aim, const AlertView& alert) {
  switch (aim.kind) {
    case AlertTarget::episode: return alert.last.id == aim.id;
    case AlertTarget::incident: return alert.active() && alert.last.incident == aim.id;
    case AlertTarget::matching: break;
  }
  return alert.active() && body.filter.matches(alert.last, alert.last.level);
}

// A silence that ends is told by its own target.
bool is_meant(const SilenceView& silence, const AlertView& alert) {
  if (!silence.target.empty())
    return silence.target == alert.last.id || silence.target == alert.last.incident;
  const AlertFilter filter{silence.alert, silence.operation, silence.ring, silence.level};
  return alert.active() && filter.matches(alert.last, alert.last.level);
}

const SilenceView* silence_of(const Snapshot& snapshot, const std::string& id) {
  const auto found = std::find_if(snapshot.silences.begin(), snapshot.silences.end(),
                                  [&](const SilenceView& one) { return one.id == id; });
  return found != snapshot.silences.end() ? &*found : nullptr;
}

std::vector<std::string> meant(const Snapshot& snapshot, const AlertBody& body, const Aim& aim) {
  const bool lifts = body.action == AlertAction::unsilence;
  const SilenceView* silence = lifts ? silence_of(snapshot, aim.id) : nullptr;
  std::vector<std::string> ids;
  for (const AlertView& alert : snapshot.alerts) {
    if (lifts ? silence != nullptr && is_meant(*silence, alert) : is_meant(body, aim, alert))
      ids.push_back(alert.last.id);
  }
  return ids;
}

Result result_of(const Snapshot& snapshot, const AlertBody& body, const Aim& aim) {
  Result result;
  result.target = aim.kind != AlertTarget::matching ? aim.id : body.all ? "all" : "filter";
  result.alerts = meant(snapshot, body, aim);
  return result;
}

// Whether there is such a thing, by the snapshot.
bool is_there(const Snapshot& snapshot, const AlertBody& body, const Aim& aim) {
  const auto has = [&](const auto& list, const auto& is) {
    return std::any_of(list.begin(), list.end(), is);
  };
  if (body.action == AlertAction::unsilence) return silence_of(snapshot, aim.id) != nullptr;
  const auto same = [&](const AlertView& alert) { return alert.last.id == aim.id; };
  const bool clear = body.action == AlertAction::clear;
  switch (aim.kind) {
    case AlertTarget::episode:
      return has(snapshot.alerts, same) || (clear && has(snapshot.resolved_alerts, same));
    case AlertTarget::incident:
      return has(snapshot.incidents, [&](const IncidentView& one) {
        return one.id == aim.id && (clear || !one.over());
      });
    case AlertTarget::matching: break;
  }
  return true;
}

Result tried(const Snapshot& snapshot, const AlertBody& body, const Aim& aim) {
  Result result = result_of(snapshot, body, aim);
  result.done = is_there(snapshot, body, aim);
  result.unknown = !result.done;
  result.text = result.done ? fmt::format("{} would be done, for {} active {}",
                                          name_of(body.action), result.alerts.size(),
                                          result.alerts.size() == 1 ? "alert" : "alerts")
                            : escape_visible(aim.id) + " is not known, or over";
  return result;
}

// Nothing that matches is no problem: whoever clears all twice wants just that.
Result done(const Snapshot& snapshot, const AlertBody& body, const Aim& aim,
            const AlertAnswer& answer) {
  Result result = result_of(snapshot, body, aim);
  const bool none = aim.kind == AlertTarget::matching && answer.unknown;
  result.done = answer.done || none;
  result.changed = answer.changed;
  result.unknown = answer.unknown && !none;
  result.text = answer.text;
  result.silence = answer.id;
  return result;
}

Json json_result(const Result& result) {
  return {{"target", result.target},
          {"done", result.done},
          {"changed", result.changed},
          {"text", result.text},
          {"silence", detail::json_text(result.silence)},
          {"alerts", result.alerts}};
}

AlertRequest request_of(const AlertBody& body, const Aim& aim, const std::string& who,
                        std::int64_t until_wall_ns) {
  AlertRequest request;
  request.action = body.action;
  request.target = aim.kind;
  request.id = aim.id;
  request.filter = body.filter;
  request.who = who;
  request.why = body.why;
  request.until_wall_ns = until_wall_ns;
  return request;
}

// 200 where all was done. What was done beside something that was not stands in `results`.
Response answer_of(const Request& request, const Sources& sources, const AlertBody& body,
                   const std::vector<Result>& results, const std::string& who,
                   std::int64_t until_wall_ns) {
  const Json shown = array_of(results, json_result);
  const auto is_done = [](const Result& one) { return one.done; };
  const auto refused = std::find_if_not(results.begin(), results.end(), is_done);
  if (refused == results.end()) {
    return enveloped_deed(request, sources,
                          {{"action", name_of(body.action)},
                           {"who", who},
                           {"why", body.why},
                           {"until_at", detail::json_at(until_wall_ns)},
                           {"dry_run", body.dry_run},
                           {"results", shown}});
  }
  if (std::any_of(results.begin(), results.end(), is_done)) {
    return with_member(problem(request, 409, "partly_refused", "Partly refused",
                               fmt::format("{}; results says what became of each", refused->text)),
                       "results", shown);
  }
  const bool unknown =
      std::all_of(results.begin(), results.end(), [](const Result& one) { return one.unknown; });
  return with_member(unknown ? problem(request, 404, "unknown_alert", "Unknown", refused->text)
                             : problem(request, 409, "refused", "Refused", refused->text),
                     "results", shown);
}

Response not_answered(const Request& request) {
  return problem_for_now(request, "not_answered", "Not answered",
                         "the alert engine did not take the request in time, and nothing was "
                         "done; ask again",
                         2);
}

struct Handled {
  Response response;
  bool changed = false;  // something was done that was not so before
};

Handled handled(const Request& request, const Sources& sources, const AlertBody& body) {
  const Snapshot& snapshot = sources.present->snapshot();
  const std::string who = who_says(request, body);
  const std::int64_t until = body.for_ns == 0 ? 0 : sources.now_wall_ns + body.for_ns;
  std::vector<Result> results;
  if (body.dry_run) {
    for (const Aim& aim : body.aims) results.push_back(tried(snapshot, body, aim));
    return {answer_of(request, sources, body, results, who, until)};
  }
  std::vector<AlertRequest> requests;
  for (const Aim& aim : body.aims) requests.push_back(request_of(body, aim, who, until));
  if (sources.desk == nullptr) return {not_answered(request)};
  const auto answers = sources.desk->handle(std::move(requests), kDeskWait);
  if (!answers || answers->size() != body.aims.size()) return {not_answered(request)};
  for (std::size_t i = 0; i < answers->size(); ++i)
    results.push_back(done(snapshot, body, body.aims[i], (*answers)[i]));
  const bool changed =
      std::any_of(results.begin(), results.end(), [](const Result& one) { return one.changed; });
  return {answer_of(request, sources, body, results, who, until), changed};
}

// Keeps a key that has begun, or forgets it: also where an exception ends the request. A key that
// stayed without an answer would be "still under way" for a day.
class BegunKey {
 public:
  BegunKey(Idempotency& keys, const std::string& key) : keys_(keys), key_(key) {}
  ~BegunKey() {
    if (!kept_) keys_.forget(key_);
  }
  BegunKey(const BegunKey&) = delete;
  BegunKey& operator=(const BegunKey&) = delete;
  void keep(const Response& answer) {
    keys_.end(key_, answer);
    kept_ = true;
  }

 private:
  Idempotency& keys_;
  const std::string& key_;
  bool kept_ = false;
};

// One client's keys are its own. A user of the Unix socket is another client than a token of the
// same name.
std::string key_of(const Request& request, const std::string& client_key) {
  return (request.uid ? fmt::format("{}\n", *request.uid) : "tcp\n") +
         (request.who.empty() ? request.peer : request.who) + "\n" + client_key;
}

// What changed nothing is not remembered: whoever corrects the request may use its key again.
Response handled_once(const Request& request, const Sources& sources, const AlertBody& body,
                      const std::string& client_key) {
  Idempotency& idempotency = *sources.idempotency;
  const std::string key = key_of(request, client_key);
  const Idempotency::Begun begun = idempotency.begin(key, request.body, sources.now_wall_ns);
  switch (begun.is) {
    case Idempotency::Is::same: {
      Response again = *begun.answer;
      again.headers.emplace_back("Idempotency-Replayed", "true");
      return again;
    }
    case Idempotency::Is::other_body:
      return problem(request, 422, "idempotency_key_reused", "Idempotency-Key reused",
                     "this Idempotency-Key came with another body before; choose a new one");
    case Idempotency::Is::under_way:
      return problem(request, 409, "still_under_way", "Still under way",
                     "the first request with this Idempotency-Key is not answered yet");
    case Idempotency::Is::fresh: break;
  }
  BegunKey kept(idempotency, key);
  Handled handled_now = handled(request, sources, body);
  if (handled_now.response.status < 400 || handled_now.changed) kept.keep(handled_now.response);
  return std::move(handled_now.response);
}

// Nothing: there is no such header, or a right one.
std::optional<Response> wrong_key(const Request& request) {
  const std::string* key = request.header("idempotency-key");
  const auto visible = [](unsigned char c) { return c > 0x20 && c < 0x7F; };
  if (key == nullptr || (!key->empty() && key->size() <= kMostKeyBytes &&
                         std::all_of(key->begin(), key->end(), visible)))
    return std::nullopt;
  return problem(request, 400, "invalid_parameter", "Invalid header",
                 fmt::format("Idempotency-Key: found {}, expected 1 to {} visible ASCII characters",
                             in_quotes(*key), kMostKeyBytes));
}

}  // namespace

Answer answer_handling(const Request& request, const Sources& sources) {
  const Parameters parameters(request, {});
  if (parameters.wrong()) return *parameters.wrong();
  if (auto wrong = wrong_key(request)) return *wrong;
  const auto read = read_alert_body(request.body);
  if (const auto* wrong = std::get_if<AlertBodyProblem>(&read)) {
    const bool json = wrong->code == std::string_view("invalid_body");
    return problem(request, 400, wrong->code, json ? "Invalid body" : "Invalid JSON",
                   wrong->detail);
  }
  if (!sources.present) return not_known_yet(request);
  const AlertBody& body = std::get<AlertBody>(read);
  const std::string* key = request.header("idempotency-key");
  const bool once = key != nullptr && sources.idempotency != nullptr && !body.dry_run;
  const std::string client_key = once ? *key : "";
  return Job{Job::Kind::waiting, [request, sources, body, client_key] {
               return client_key.empty() ? handled(request, sources, body).response
                                         : handled_once(request, sources, body, client_key);
             }};
}

}  // namespace ringside::http
