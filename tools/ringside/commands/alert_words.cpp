#include "tools/ringside/commands/alert_words.h"

#include <fmt/format.h>

#include <cstdint>
#include <ctime>
#include <optional>

#include "report/model/format.h"
#include "shm/clock.h"

namespace ringside::tool {
namespace {

using Json = nlohmann::json;

constexpr double kStaleTicks = 3;

// Seconds since the Unix epoch of "2026-11-27T12:00:05.123Z"; nothing for any other text.
std::optional<std::int64_t> seconds_of(const std::string& at) {
  std::tm parts{};
  if (strptime(at.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return std::nullopt;
  return timegm(&parts);
}

std::uint64_t count_of(const Json& object, const char* name) {
  return object.is_object() && object.contains(name) && object[name].is_number_unsigned()
             ? object[name].get<std::uint64_t>()
             : 0;
}

std::string levels_words(const Json& by_level, std::uint64_t* total) {
  std::string words;
  for (const char* level : {"emergency", "critical", "warning", "info"}) {
    const std::uint64_t count = count_of(by_level, level);
    *total += count;
    if (count > 0) words += fmt::format("{}{} {}", words.empty() ? "" : ", ", count, level);
  }
  return words;
}

}  // namespace

std::string text_of(const Json& object, const char* name) {
  if (!object.is_object() || !object.contains(name) || !object[name].is_string()) return "";
  return object[name].get<std::string>();
}

std::string second_of(const std::string& at) {
  if (!seconds_of(at)) return "–";
  return at.substr(0, 10) + " " + at.substr(11, 8);
}

std::string now_text() { return format_wall(clock_ns(CLOCK_REALTIME)); }

std::string span_of(const Json& incident, const std::string& now) {
  const auto began = seconds_of(text_of(incident, "began_at"));
  const auto ended = seconds_of(text_of(incident, "ended_at"));
  const auto until = ended ? ended : seconds_of(now);
  if (!began || !until || *until < *began) return "–";
  return format_span(static_cast<double>(*until - *began) * 1e9);
}

std::string cause_of(const Json& incident) {
  const Json& cause = incident["cause"];
  const std::string operation = text_of(cause, "operation");
  const std::string ring = text_of(incident, "ring");
  return escape_visible(
      fmt::format("{}{}{}{}: {}", text_of(cause, "alert"), operation.empty() ? "" : " ", operation,
                  ring.empty() ? "" : " (" + ring + ")", text_of(cause, "message")));
}

std::string handled_words(const Json& incident) {
  std::string words;
  const std::string who = text_of(incident, "acknowledged_by");
  if (incident.value("acknowledged", false))
    words += ", acknowledged" + (who.empty() ? "" : " by " + escape_visible(who));
  if (incident.value("silenced", false)) words += ", silenced";
  return words;
}

std::string list_words(const Json& strings) {
  std::string words;
  for (const Json& one : strings) {
    if (one.is_string())
      words += (words.empty() ? "" : ", ") + escape_visible(one.get<std::string>());
  }
  return words;
}

std::string touched_words(const Json& incident) {
  const std::size_t operations = incident["operations"].size();
  const std::uint64_t calls = count_of(incident, "failed_calls");
  const std::uint64_t users = count_of(incident, "users");
  std::string words;
  if (operations > 0) {
    words = fmt::format("{} operation{}: {}; ", operations, operations == 1 ? "" : "s",
                        list_words(incident["operations"]));
  }
  words += fmt::format("{} call{} failed", format_count(calls), calls == 1 ? "" : "s");
  if (users > 0)
    words += fmt::format("; at least {} user{}", format_count(users), users == 1 ? "" : "s");
  return words;
}

std::string silence_line(const Json& silence) {
  std::string what = text_of(silence, "target");
  for (const char* part : {"alert", "operation", "ring", "level"}) {
    const std::string value = text_of(silence, part);
    if (!value.empty()) what += (what.empty() ? "" : " ") + value;
  }
  return escape_visible(fmt::format("silence {} holds until {} UTC for {}: {}, {}",
                                    text_of(silence, "id"), second_of(text_of(silence, "until")),
                                    what.empty() ? "everything" : what, text_of(silence, "who"),
                                    text_of(silence, "why")));
}

std::string summary_line(const Json& alerts, const Json& meta) {
  std::uint64_t open = 0;
  std::uint64_t firing = 0;
  const std::string incidents = levels_words(alerts["open_incidents"], &open);
  levels_words(alerts["active_alerts"], &firing);
  std::string line = open == 0 ? "no incident lasts"
                               : fmt::format("{} incident{}: {}", open,
                                             open == 1 ? " lasts" : "s last", incidents);
  line += fmt::format("; {} alert{}", firing, firing == 1 ? " is active" : "s are active");
  if (!alerts["pending"].empty()) line += fmt::format(", {} pending", alerts["pending"].size());
  const Json& age = meta["age_seconds"];
  const Json& tick = meta["tick_seconds"];
  if (age.is_number() && tick.is_number() && age.get<double>() > kStaleTicks * tick.get<double>()) {
    line += fmt::format("\nthis is {} old: the daemon hangs; its own log may say why",
                        format_span(age.get<double>() * 1e9));
  }
  return line;
}

}  // namespace ringside::tool
