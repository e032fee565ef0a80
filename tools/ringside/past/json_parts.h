// Parts of JSON that somebody else wrote: what is missing, or of another kind, counts as nothing.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace ringside::tool::past {

using nlohmann::json;

inline const json& part(const json& object, const char* key) {
  static const json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}
inline double number(const json& object, const char* key) {
  const json& value = part(object, key);
  return value.is_number() ? value.get<double>() : 0;
}
inline std::uint64_t count(const json& object, const char* key) {
  const json& value = part(object, key);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}
inline std::string text(const json& object, const char* key) {
  const json& value = part(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}
inline bool flag(const json& object, const char* key) {
  const json& value = part(object, key);
  return value.is_boolean() && value.get<bool>();
}

}  // namespace ringside::tool::past
