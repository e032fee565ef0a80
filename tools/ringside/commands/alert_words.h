// Incidents and alerts, as the API's JSON has them, in words. All text is escaped.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace ringside::tool {

inline constexpr std::size_t kAlertsWidth = 100;  // columns

// The string of that name; "" if there is none.
std::string text_of(const nlohmann::json& object, const char* name);
// "2026-11-27 12:00:05" of an RFC 3339 time; "–" of none.
std::string second_of(const std::string& at);
// The present time, as the API writes times.
std::string now_text();

// How long the incident lasts (until `now`), or lasted.
std::string span_of(const nlohmann::json& incident, const std::string& now);
// "high_latency SEND_MESSAGE (chat): p95 798 ms".
std::string cause_of(const nlohmann::json& incident);
// ", acknowledged by anna", ", silenced", or "".
std::string handled_words(const nlohmann::json& incident);
// "3 operations: A, B, C; 12 calls failed; at least 4 users".
std::string touched_words(const nlohmann::json& incident);
std::string list_words(const nlohmann::json& strings);
std::string silence_line(const nlohmann::json& silence);
// "2 incidents last: 1 critical, 1 warning; 5 alerts fire".
std::string summary_line(const nlohmann::json& alerts, const nlohmann::json& meta);

}  // namespace ringside::tool
