// The engine's state as JSON: small, and readable by whoever looks into a state file.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "daemon/alerts/alert_engine.h"

namespace ringside {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kVersion = 2;

Json optional_json(const std::optional<std::int64_t>& value) { return value ? Json(*value) : Json(nullptr); }

// Whole numbers, checked by hand: the library would convert 1e308 to any of them, which is undefined.
std::uint64_t count_of(const Json& json) {
  if (!json.is_number_unsigned()) throw std::runtime_error(fmt::format("found {}, expected a count", json.dump()));
  return json.get<std::uint64_t>();
}
std::int64_t wall_of(const Json& json) {
  if (!json.is_number_integer() || (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX)) {
    throw std::runtime_error(fmt::format("found {}, expected an instant", json.dump()));
  }
  return json.get<std::int64_t>();
}
// Observed time begins at 0. It is added to and subtracted from, and 146 years leave room for that.
std::int64_t observed_of(const Json& json) {
  const std::uint64_t value = count_of(json);
  if (value > std::uint64_t{1} << 62) throw std::runtime_error(fmt::format("found {} ns observed", value));
  return static_cast<std::int64_t>(value);
}

std::optional<std::int64_t> optional_of(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(observed_of(json));
}

template <typename Enum>
int number_of(Enum value) {
  return static_cast<int>(value);
}

std::uint8_t number_below(const Json& json, std::size_t end, const char* what) {
  const std::uint64_t value = count_of(json);
  if (value >= end) throw std::runtime_error(fmt::format("{} {}, expected less than {}", what, value, end));
  return static_cast<std::uint8_t>(value);
}

Json transition_json(const AlertTransition& t) {
  return {{"wall_ns", t.wall_ns}, {"id", t.id},           {"alert", number_of(t.alert)}, {"level", number_of(t.level)},
          {"state", number_of(t.state)}, {"op", t.operation}, {"ring", t.ring},   {"value", t.value},
          {"unit", t.unit},       {"threshold", t.threshold}, {"msg", t.message}};
}

AlertTransition transition_of(const Json& j) {
  return {wall_of(j.at("wall_ns")),
          j.at("id"),
          static_cast<AlertType>(number_below(j.at("alert"), kAlertTypes, "alert")),
          static_cast<AlertLevel>(number_below(j.at("level"), kAlertLevels, "level")),
          static_cast<AlertState>(number_below(j.at("state"), kAlertStates, "state")),
          j.at("op"),
          j.at("ring"),
          j.at("value"),
          j.at("threshold"),
          j.at("unit"),
          j.at("msg")};
}

Json reading_json(const Reading& r) {
  Json levels = Json::array();
  for (const auto& bounds : r.levels.bounds) {
    levels.push_back(bounds ? Json{bounds->raise, bounds->clear} : Json(nullptr));
  }
  return {{"alert", number_of(r.alert)}, {"figure", r.figure},   {"op", r.operation}, {"ring", r.ring}, {"value", *r.value},
          {"unit", r.unit},   {"certain", r.certain}, {"levels", levels},  {"text", r.text}};
}

Reading reading_of(const Json& j) {
  Reading r;
  r.alert = static_cast<AlertType>(number_below(j.at("alert"), kAlertTypes, "alert"));
  r.figure = j.at("figure");
  r.operation = j.at("op");
  r.ring = j.at("ring");
  r.value = j.at("value").get<double>();
  r.unit = j.at("unit");
  r.certain = j.at("certain");
  r.text = j.at("text");
  for (std::size_t i = 0; i < kAlertLevels; ++i) {
    const Json& bounds = j.at("levels").at(i);
    if (!bounds.is_null()) r.levels.bounds[i] = LevelBounds{bounds.at(0), bounds.at(1)};
  }
  return r;
}

}  // namespace

std::string AlertEngine::save() const {
  Json root = {{"version", kVersion}, {"observed_ns", observed_ns_}, {"last_id", last_id_}, {"forgotten", forgotten_}};
  Json& episodes = root["episodes"] = Json::array();
  for (const auto& [key, e] : episodes_) {
    Json below = Json::array();
    for (const auto& since : e.below_since_ns) below.push_back(optional_json(since));
    episodes.push_back({{"id", e.id},
                        {"reading", reading_json(e.reading)},
                        {"state", number_of(e.state)},
                        {"level", number_of(e.level)},
                        {"over", e.over},
                        {"below_since_ns", below},
                        {"began_ns", e.began_ns},
                        {"began_wall_ns", e.began_wall_ns},
                        {"worst", e.worst},
                        {"missing_since_ns", optional_json(e.missing_since_ns)},
                        {"said_missing_ns", optional_json(e.said_missing_ns)},
                        {"last", transition_json(e.last)}});
  }
  Json& recent = root["recent"] = Json::array();
  for (const AlertTransition& t : recent_) recent.push_back(transition_json(t));
  Json& rings = root["rings"] = Json::object();
  for (const auto& [name, ring] : memory_.rings) rings[name] = {ring.crashes, ring.untraced_records};
  root["known"] = memory_.known;
  root["lost"] = memory_.lost;
  root["rejected"] = memory_.rejected;
  return root.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool AlertEngine::restore(std::string_view bytes, std::string* why) {
  try {
    const Json root = Json::parse(bytes);
    if (const std::uint64_t version = count_of(root.at("version")); version != kVersion) {
      throw std::runtime_error(fmt::format("version {}, expected {}", version, kVersion));
    }
    std::map<std::string, Episode> episodes;
    for (const Json& j : root.at("episodes")) {
      Episode e;
      e.id = j.at("id");
      e.reading = reading_of(j.at("reading"));
      e.state = static_cast<AlertState>(number_below(j.at("state"), kAlertStates, "state"));
      e.level = static_cast<AlertLevel>(number_below(j.at("level"), kAlertLevels, "level"));
      for (std::size_t i = 0; i < kAlertLevels; ++i) e.over[i] = count_of(j.at("over").at(i));
      for (std::size_t i = 0; i < kAlertLevels; ++i) e.below_since_ns[i] = optional_of(j.at("below_since_ns").at(i));
      e.began_ns = observed_of(j.at("began_ns"));
      e.began_wall_ns = wall_of(j.at("began_wall_ns"));
      e.worst = j.at("worst");
      e.missing_since_ns = optional_of(j.at("missing_since_ns"));
      e.said_missing_ns = optional_of(j.at("said_missing_ns"));
      e.last = transition_of(j.at("last"));
      const std::string key = e.reading.key();
      episodes.emplace(key, std::move(e));
    }
    std::deque<AlertTransition> recent;
    for (const Json& j : root.at("recent")) recent.push_back(transition_of(j));
    RuleMemory memory;
    memory.known = root.at("known");
    memory.lost = count_of(root.at("lost"));
    memory.rejected = count_of(root.at("rejected"));
    for (const auto& [name, ring] : root.at("rings").items()) memory.rings[name] = {count_of(ring.at(0)), count_of(ring.at(1))};

    const std::int64_t observed_ns = observed_of(root.at("observed_ns"));
    const std::uint64_t last_id = count_of(root.at("last_id"));
    const std::uint64_t forgotten = count_of(root.at("forgotten"));
    episodes_ = std::move(episodes);
    recent_ = std::move(recent);
    memory_ = std::move(memory);
    observed_ns_ = observed_ns;
    last_id_ = last_id;
    forgotten_ = forgotten;
    return true;
  } catch (const std::exception& e) {
    if (why != nullptr) *why = std::string("the alerts' state: ") + e.what();
    return false;
  }
}

}  // namespace ringside
