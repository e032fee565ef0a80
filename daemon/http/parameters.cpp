#include "daemon/http/parameters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "daemon/config/config_keys.h"
#include "daemon/config/units.h"
#include "report/model/format.h"

namespace ringside::http {
namespace {

constexpr std::size_t kMostShown = 60;  // columns of a foreign text in a message

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::string in_quotes(std::string_view text) {
  return "'" + clip(escape_visible(text), kMostShown) + "'";
}

Parameters::Parameters(const Request& request, std::initializer_list<std::string_view> known)
    : request_(request) {
  std::set<std::string_view> seen;
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::vector<std::string> names(known.begin(), known.end());
      const std::string nearest = nearest_name(name, names);
      refuse("unknown_parameter", "Unknown parameter",
             names.empty() ? fmt::format("{}: this route has no parameters", in_quotes(name))
             : nearest.empty()
                 ? fmt::format("{}: known here: {}", in_quotes(name), fmt::join(names, ", "))
                 : fmt::format("{}: nearest known: {}", in_quotes(name), nearest));
    } else if (!seen.insert(name).second) {
      refuse("repeated_parameter", "Repeated parameter",
             fmt::format("{}: found twice, expected once", name));
    }
  }
}

void Parameters::refuse(std::string_view code, std::string_view title, std::string_view detail) {
  if (!wrong_) wrong_ = problem(request_, 400, code, title, detail);
}

void Parameters::refuse_value(std::string_view name, std::string_view value,
                              std::string_view expected) {
  refuse("invalid_parameter", "Invalid parameter",
         fmt::format("{}: found {}, expected {}", name, in_quotes(value), expected));
}

std::optional<std::string> Parameters::text(std::string_view name, std::size_t most_bytes) {
  const std::string* value = request_.parameter(name);
  if (value == nullptr) return std::nullopt;
  if (!value->empty() && value->size() <= most_bytes) return *value;
  refuse_value(name, *value, fmt::format("1 to {} bytes", most_bytes));
  return std::nullopt;
}

std::optional<std::uint64_t> Parameters::number(std::string_view name, std::uint64_t least,
                                                std::uint64_t most) {
  const std::string* value = request_.parameter(name);
  if (value == nullptr) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = value->data() + value->size();
  const auto [stop, error] = std::from_chars(value->data(), end, number);
  if (error == std::errc{} && stop == end && number >= least && number <= most) return number;
  refuse_value(name, *value, fmt::format("a whole number from {} to {}", least, most));
  return std::nullopt;
}

std::optional<bool> Parameters::flag(std::string_view name) {
  constexpr const char* kNames[] = {"false", "true"};
  const auto found = choice(name, kNames);
  return found ? std::optional(*found == 1) : std::nullopt;
}

std::optional<std::int64_t> Parameters::duration(std::string_view name, std::string_view least,
                                                 std::string_view most) {
  const std::string* value = request_.parameter(name);
  if (value == nullptr) return std::nullopt;
  const auto ns = parse_duration(*value);
  if (ns && *ns >= *parse_duration(least) && *ns <= *parse_duration(most)) return ns;
  refuse_value(name, *value, fmt::format("a duration from {} to {}, such as 30min", least, most));
  return std::nullopt;
}

std::optional<std::size_t> Parameters::choice(std::string_view name,
                                              std::span<const char* const> names) {
  const std::string* value = request_.parameter(name);
  if (value == nullptr) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), *value);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  refuse_value(name, *value, fmt::format("one of {}", fmt::join(names, ", ")));
  return std::nullopt;
}

std::vector<std::size_t> Parameters::choices(std::string_view name,
                                             std::span<const char* const> names) {
  const std::string* value = request_.parameter(name);
  std::set<std::size_t> chosen;
  if (value == nullptr) return {};
  for (const std::string_view part : split(*value)) {
    const auto found = std::find(names.begin(), names.end(), part);
    if (found == names.end()) {
      refuse_value(name, part, fmt::format("some of {}, with commas", fmt::join(names, ", ")));
      return {};
    }
    chosen.insert(static_cast<std::size_t>(found - names.begin()));
  }
  return {chosen.begin(), chosen.end()};
}

std::vector<std::string> Parameters::list(std::string_view name, std::size_t most) {
  const std::string* value = request_.parameter(name);
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  for (const std::string_view part : split(*value)) {
    if (std::find(texts.begin(), texts.end(), part) == texts.end()) texts.emplace_back(part);
  }
  const bool empty = std::find(texts.begin(), texts.end(), "") != texts.end();
  if (!empty && texts.size() <= most) return texts;
  refuse_value(name, *value, fmt::format("1 to {} names, with commas", most));
  return {};
}

}  // namespace ringside::http
