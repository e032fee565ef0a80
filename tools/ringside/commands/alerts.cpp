#include "tools/ringside/commands/alerts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <map>
#include <set>
#include <utility>

#include "report/model/format.h"
#include "report/render/table.h"
#include "tools/ringside/commands/alert_pages.h"
#include "tools/ringside/commands/alert_words.h"

namespace ringside::tool {
namespace {

using Json = nlohmann::json;

void print_json(const Json& json) {
  std::printf("%s\n", json.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

// "critical", or of one that is over "was critical".
std::string level_of(const Json& incident) {
  const bool over = !incident["ended_at"].is_null();
  return over ? "was " + text_of(incident, "peak") : text_of(incident, "level");
}

void print_incidents(const ApiAnswer& answer) {
  const Json& data = answer.data;
  const std::string now = text_of(answer.meta, "generated_at");
  std::printf("%s\n", summary_line(data, answer.meta).c_str());
  if (data["incidents"].empty()) return;
  std::printf("\n");
  Table table({{"level", Align::left},
               {"began (UTC)", Align::left},
               {"for", Align::span},
               {"incident", Align::left},
               {"what", Align::prose}});
  for (const Json& one : data["incidents"]) {
    table.row({level_of(one), second_of(text_of(one, "began_at")), span_of(one, now),
               escape_visible(text_of(one, "id")), cause_of(one) + handled_words(one)});
  }
  std::printf("%s", table.render(0, kAlertsWidth).c_str());
  const std::size_t shown = data["incidents"].size();
  const auto matching = data.value("matching", std::size_t{0});
  if (shown < matching)
    std::printf("\nthe latest %zu of %zu; more with --limit %zu\n", shown, matching, matching);
  for (const Json& one : data["silences"]) std::printf("%s\n", silence_line(one).c_str());
}

void print_alerts(const Json& incident) {
  if (incident["alerts"].empty()) return;
  Table table({{"state", Align::left},
               {"level", Align::left},
               {"alert", Align::left},
               {"operation", Align::left},
               {"figure", Align::left},
               {"since (UTC)", Align::left},
               {"id", Align::left}});
  for (const Json& one : incident["alerts"]) {
    table.row({text_of(one, "state"), text_of(one, "level"), text_of(one, "alert"),
               escape_visible(text_of(one, "operation")), escape_visible(text_of(one, "figure")),
               second_of(text_of(one, "since_at")), escape_visible(text_of(one, "id"))});
  }
  std::printf("\nAlerts\n%s", table.render(0, kAlertsWidth).c_str());
}

void print_lines(const Json& incident) {
  if (incident["lines"].empty()) return;
  std::printf("\nAlert log\n");
  for (const Json& one : incident["lines"]) {
    const std::string first = fmt::format("{}  {:<8} {:<12} ", second_of(text_of(one, "at")),
                                          text_of(one, "level"), text_of(one, "state"));
    std::printf("%s", wrap(escape_visible(text_of(one, "message")), first, kAlertsWidth).c_str());
  }
}

void print_incident(const Json& incident, const std::string& now) {
  const bool over = !incident["ended_at"].is_null();
  std::printf("%s", wrap(cause_of(incident), "", kAlertsWidth).c_str());
  std::printf("\n  incident  %s\n", escape_visible(text_of(incident, "id")).c_str());
  std::printf("  level     %s\n", level_of(incident).c_str());
  std::printf("  began     %s UTC\n", second_of(text_of(incident, "began_at")).c_str());
  if (over) {
    std::printf("  ended     %s UTC, after %s\n", second_of(text_of(incident, "ended_at")).c_str(),
                span_of(incident, now).c_str());
  } else {
    std::printf("  lasts     for %s\n", span_of(incident, now).c_str());
  }
  std::printf("%s", wrap(touched_words(incident), "  touched   ", kAlertsWidth).c_str());
  if (!incident["symptoms"].empty()) {
    std::printf("%s", wrap(list_words(incident["symptoms"]), "  explains  ", kAlertsWidth).c_str());
  }
  if (const std::string handled = handled_words(incident); !handled.empty())
    std::printf("  handled   %s\n", handled.substr(2).c_str());
  print_alerts(incident);
  print_lines(incident);
  if (!over && handled_words(incident).empty()) {
    std::printf("\nnext: ringside alerts acknowledge %s --why '...'\n",
                escape_visible(text_of(incident, "id")).c_str());
  }
}

// The ids are alerts' or incidents': what the daemon shows now says which.
std::set<std::string> known_incidents(const Json& data) {
  std::set<std::string> ids;
  for (const Json& one : data["incidents"]) ids.insert(one["id"].get<std::string>());
  return ids;
}

Json request_of(const std::string& action, const AlertsOptions& options) {
  Json request = {{"action", action}, {"why", options.why}};
  if (!options.who.empty()) request["who"] = options.who;
  if (!options.duration.empty()) request["for"] = options.duration;
  if (options.dry_run) request["dry_run"] = true;
  return request;
}

void print_results(const Json& results, bool of_silence) {
  for (const Json& one : results) {
    const bool done = one.value("done", false);
    std::fprintf(done ? stdout : stderr, "%s%s: %s\n",
                 done ? "" : "ringside: ", escape_visible(text_of(one, "target")).c_str(),
                 escape_visible(text_of(one, "text")).c_str());
    if (const std::string silence = text_of(one, "silence"); of_silence && !silence.empty()) {
      std::printf("next: to end it before its time: ringside alerts unsilence %s --why '...'\n",
                  escape_visible(silence).c_str());
    }
  }
}

// False: it was refused, or some of it was not done. With `shown` nothing is printed, and what the
// daemon answers is added there.
bool post(const DaemonClient& client, const Json& request, Json* shown) {
  const auto result = client.post(kAlertsPath, request.dump());
  Json results = refused_results(result);
  const bool done = results.is_null();
  if (done) {
    auto answer = api_answer(result);
    if (!answer) return false;
    results = answer->data["results"];
    if (shown != nullptr) {
      answer->data.erase("results");
      shown->update(answer->data);
    }
  }
  if (shown == nullptr) {
    print_results(results, request["action"] == "silence");
    return done;
  }
  if (!done) api_answer(result);
  for (Json& one : results) (*shown)["results"].push_back(std::move(one));
  return done;
}

}  // namespace

int list_alerts(const AlertsOptions& options) {
  const DaemonClient client(daemon_socket(options.socket));
  const auto answer = matching_incidents(client, options);
  if (!answer) return 1;
  if (options.json) {
    print_json(answer->data);
  } else {
    print_incidents(*answer);
  }
  return 0;
}

int show_incident(const AlertsOptions& options) {
  const DaemonClient client(daemon_socket(options.socket));
  const auto incident = find_incident(client, options.ids[0]);
  if (!incident) return 1;
  if (incident->is_null()) {
    std::fprintf(stderr,
                 "ringside: %s: neither an incident nor an alert of one, now or in the history\n"
                 "  next: ringside alerts --since 7d lists them\n",
                 escape_visible(options.ids[0]).c_str());
    return 1;
  }
  if (options.json) {
    print_json(*incident);
  } else {
    print_incident(*incident, now_text());
  }
  return 0;
}

int act_on_alerts(const std::string& action, const AlertsOptions& options) {
  const DaemonClient client(daemon_socket(options.socket));
  Json request = request_of(action, options);
  if (options.all) request["all"] = true;
  Json filter = Json::object();
  if (!options.types.empty()) filter["alert"] = options.types[0];
  if (!options.operation.empty()) filter["operation"] = options.operation;
  if (!options.ring.empty()) filter["ring"] = options.ring;
  if (!options.levels.empty()) filter["level"] = options.levels[0];
  if (!filter.empty()) request["filter"] = filter;
  std::set<std::string> known;
  if (!options.ids.empty() && action != "unsilence") {
    AlertsOptions shown;
    shown.limit = 10'000;
    const auto now = matching_incidents(client, shown);
    if (!now) return 1;
    known = known_incidents(now->data);
  }
  // Two requests where both kinds are meant.
  std::map<std::string, Json> parts;
  if (options.ids.empty()) parts[""] = request;
  for (const std::string& id : options.ids) {
    const std::string kind = known.count(id) != 0 ? "incidents" : "ids";
    Json& part = parts.try_emplace(kind, request).first->second;
    part[kind].push_back(id);
  }
  bool done = true;
  Json shown = Json::object();
  for (const auto& [kind, part] : parts)
    done = post(client, part, options.json ? &shown : nullptr) && done;
  if (!shown.empty()) print_json(shown);
  return done ? 0 : 1;
}

}  // namespace ringside::tool
