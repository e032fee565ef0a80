#include "daemon/http/alert_body.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "daemon/config/config_keys.h"
#include "daemon/config/units.h"
#include "daemon/http/parameters.h"

namespace ringside::http {
namespace {

using AnyJson = nlohmann::json;

constexpr std::array<const char*, 4> kActions = {"acknowledge", "silence", "unsilence", "clear"};
constexpr std::size_t kMostIds = 200;
constexpr std::size_t kMostIdBytes = 100;
constexpr const char* kLongest = "366d";

// What was found, for a message.
std::string found(const AnyJson& value) {
  if (value.is_string()) return in_quotes(value.get_ref<const std::string&>());
  if (value.is_array()) return fmt::format("a list of {}", value.size());
  if (value.is_object()) return "an object";
  return value.dump();
}

// Throws it: the reading ends with the first problem.
[[noreturn]] void refuse(const std::string& place, const std::string& what) {
  throw AlertBodyProblem{"invalid_body", place.empty() ? what : place + ": " + what};
}
[[noreturn]] void refuse(const std::string& place, const AnyJson& value,
                         const std::string& expected) {
  refuse(place, fmt::format("found {}, expected {}", found(value), expected));
}

std::string text_at(const std::string& place, const AnyJson& value, std::size_t most_bytes) {
  const auto* text = value.get_ptr<const std::string*>();
  if (text == nullptr || text->empty() || text->size() > most_bytes)
    refuse(place, value, fmt::format("text of 1 to {} bytes", most_bytes));
  return *text;
}

bool flag_at(const std::string& place, const AnyJson& value) {
  if (!value.is_boolean()) refuse(place, value, "true or false");
  return value.get<bool>();
}

template <class Names>
std::size_t choice_at(const std::string& place, const AnyJson& value, const Names& names) {
  const auto* text = value.get_ptr<const std::string*>();
  const auto at = text == nullptr ? names.end() : std::find(names.begin(), names.end(), *text);
  if (at == names.end()) refuse(place, value, fmt::format("one of {}", fmt::join(names, ", ")));
  return static_cast<std::size_t>(at - names.begin());
}

void check_keys(const std::string& place, const AnyJson& object,
                const std::vector<std::string>& known) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string nearest = nearest_name(key, known);
    refuse(place + in_quotes(key),
           nearest.empty() ? fmt::format("found an unknown key, known: {}", fmt::join(known, ", "))
                           : "found an unknown key, nearest known: " + nearest);
  }
}

void take_ids(const char* key, const AnyJson& value, AlertTarget kind, AlertBody& body) {
  if (!value.is_array() || value.empty() || value.size() > kMostIds)
    refuse(key, value, fmt::format("a list of 1 to {} ids", kMostIds));
  std::set<std::string> seen;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", key, i);
    const std::string id = text_at(place, value[i], kMostIdBytes);
    if (!seen.insert(id).second) refuse(place, "found " + in_quotes(id) + " twice");
    body.aims.push_back({kind, id});
  }
}

AlertFilter filter_at(const AnyJson& value) {
  if (!value.is_object() || value.empty())
    refuse("filter", value,
           "an object with alert, operation, ring or level; for everything write "
           "\"all\": true");
  check_keys("filter.", value, {"alert", "operation", "ring", "level"});
  AlertFilter filter;
  for (const auto& [key, one] : value.items()) {
    const std::string place = "filter." + key;
    if (key == "alert")
      filter.alert = static_cast<AlertType>(choice_at(place, one, kAlertTypeNames));
    else if (key == "level")
      filter.level = static_cast<AlertLevel>(choice_at(place, one, kAlertLevelNames));
    else if (key == "operation")
      filter.operation = text_at(place, one, 200);
    else
      filter.ring = text_at(place, one, 400);
  }
  return filter;
}

std::int64_t span_at(const AnyJson& value) {
  const auto* text = value.get_ptr<const std::string*>();
  const auto ns = text == nullptr ? std::nullopt : parse_duration(*text);
  if (!ns || *ns < kSecond || *ns > *parse_duration(kLongest))
    refuse("for", value, fmt::format("a duration from 1s to {}, such as \"2h\"", kLongest));
  return *ns;
}

void take_targets(const AnyJson& object, AlertBody& body) {
  std::vector<std::string> given;
  for (const char* key : {"ids", "incidents", "filter", "all"}) {
    if (object.contains(key)) given.emplace_back(key);
  }
  if (given.size() != 1) {
    refuse("", fmt::format("found {}, expected exactly one of ids, incidents, filter and all",
                           given.empty() ? "none" : fmt::format("{}", fmt::join(given, " and "))));
  }
  const std::string& key = given.front();
  const AnyJson& value = object.at(key);
  if (body.action == AlertAction::unsilence && key != "ids")
    refuse(key, "unsilence takes ids of silences");
  if (key == "ids") return take_ids("ids", value, AlertTarget::episode, body);
  if (key == "incidents") return take_ids("incidents", value, AlertTarget::incident, body);
  body.aims.push_back({AlertTarget::matching, ""});
  if (key == "filter") {
    body.filter = filter_at(value);
    return;
  }
  if (value != AnyJson(true)) refuse("all", value, "true");
  body.all = true;
}

void take_span(const AnyJson& object, AlertBody& body) {
  const bool silence = body.action == AlertAction::silence;
  if (!object.contains("for")) {
    if (silence) refuse("for", "silence needs it: how long it holds, such as \"2h\"");
    return;
  }
  if (!silence && body.action != AlertAction::acknowledge)
    refuse("for", fmt::format("{} holds for good; leave it out", name_of(body.action)));
  body.for_ns = span_at(object.at("for"));
}

AlertBody body_of(const AnyJson& object) {
  if (!object.is_object()) refuse("", object, "an object");
  check_keys("", object,
             {"action", "ids", "incidents", "filter", "all", "for", "why", "who", "dry_run"});
  AlertBody body;
  if (!object.contains("action"))
    refuse("action", fmt::format("expected one of {}", fmt::join(kActions, ", ")));
  body.action = static_cast<AlertAction>(choice_at("action", object.at("action"), kActions));
  take_targets(object, body);
  take_span(object, body);
  if (!object.contains("why")) refuse("why", "expected the reason, text of 1 to 500 bytes");
  body.why = text_at("why", object.at("why"), 500);
  if (object.contains("who")) body.who = text_at("who", object.at("who"), 60);
  if (object.contains("dry_run")) body.dry_run = flag_at("dry_run", object.at("dry_run"));
  return body;
}

// Of two keys of one name the library keeps one. Which was meant?
class NoKeyTwice {
 public:
  bool operator()(int, AnyJson::parse_event_t event, AnyJson& parsed) {
    if (event == AnyJson::parse_event_t::object_start) keys_.emplace_back();
    if (event == AnyJson::parse_event_t::object_end) keys_.pop_back();
    if (event == AnyJson::parse_event_t::key) {
      const std::string& key = parsed.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second) refuse(in_quotes(key), "found twice, expected once");
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

const char* name_of(AlertAction action) { return kActions[static_cast<std::size_t>(action)]; }

std::variant<AlertBody, AlertBodyProblem> read_alert_body(std::string_view body) {
  try {
    return body_of(AnyJson::parse(body, NoKeyTwice()));
  } catch (const AlertBodyProblem& problem) {
    return problem;
  } catch (const AnyJson::parse_error& error) {
    return AlertBodyProblem{
        "invalid_json",
        fmt::format("the body is no JSON: it makes no sense at byte {}", error.byte)};
  } catch (const AnyJson::exception&) {
    return AlertBodyProblem{"invalid_json", "the body has a number that is too large"};
  }
}

}  // namespace ringside::http
