#include "tools/load/incident_spec.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <cmath>
#include <vector>

namespace ringside::load {
namespace {

struct KindInfo {
  IncidentKind kind;
  std::string_view name;
  std::vector<std::string_view> keys;
};

const std::array<KindInfo, 5>& kinds() {
  static const std::array<KindInfo, 5> table = {{
      {IncidentKind::locked_database, "locked-database", {"db"}},
      {IncidentKind::password_guessing, "password-guessing", {"rate", "clients", "from"}},
      {IncidentKind::connection_surge, "connection-surge", {"connections", "from"}},
      {IncidentKind::invalid_burst, "invalid-burst", {"rate", "clients", "from"}},
      {IncidentKind::kill_server, "kill-server", {"pid", "pid-file", "command"}},
  }};
  return table;
}

std::string join(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

template <typename Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  return status == std::errc{} && end == text.data() + text.size();
}

bool parse_span(std::string_view text, double& seconds) {
  return parse_number(text, seconds) && std::isfinite(seconds) && seconds >= 0;
}

template <typename Number>
bool set_number(std::string_view key, std::string_view value, Number least, Number most,
                Number& number, std::string& error) {
  if (parse_number(value, number) && number >= least && number <= most) return true;
  error = fmt::format("{}={}: expected a number from {} to {}", key, value, least, most);
  return false;
}

bool set_key(std::string_view key, std::string_view value, IncidentSpec& spec, std::string& error) {
  if (value.empty()) {
    error = fmt::format("{}= is empty", key);
    return false;
  }
  if (key == "db") spec.db = value;
  if (key == "from") spec.from = value;
  if (key == "pid-file") spec.pid_file = value;
  if (key == "command") spec.command = value;
  if (key == "rate") return set_number(key, value, 0.01, 1e6, spec.rate_per_s, error);
  if (key == "clients") return set_number(key, value, 1U, 10000U, spec.clients, error);
  if (key == "connections") return set_number(key, value, 1U, 60000U, spec.connections, error);
  if (key == "pid")
    return set_number(key, value, 2, 4194304, spec.pid, error);  // 2^22, the kernel's largest
  return true;
}

bool parse_keys(std::string_view text, const KindInfo& info, IncidentSpec& spec,
                std::string& error) {
  while (!text.empty()) {
    const std::size_t equals = text.find('=');
    const std::string_view key = text.substr(0, equals);
    bool known = false;
    for (const std::string_view allowed : info.keys) known = known || key == allowed;
    if (equals == std::string_view::npos || !known) {
      error = fmt::format("\"{}\" is no setting of {}; expected KEY=VALUE with {}", key, info.name,
                          join(info.keys));
      return false;
    }
    text.remove_prefix(equals + 1);
    // A shell command may hold commas, so `command` takes the rest of the text.
    const std::size_t comma = key == "command" ? std::string_view::npos : text.find(',');
    if (!set_key(key, text.substr(0, comma), spec, error)) return false;
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return true;
}

bool check_complete(const IncidentSpec& spec, std::string& error) {
  switch (spec.kind) {
    case IncidentKind::locked_database:
      if (spec.db.empty()) error = "locked-database needs db=FILE, the server's database";
      break;
    case IncidentKind::connection_surge:
      if (spec.connections == 0) error = "connection-surge needs connections=N";
      break;
    case IncidentKind::kill_server:
      if ((spec.pid != 0) == !spec.pid_file.empty())
        error = "kill-server needs one of pid=N and pid-file=FILE";
      else if (spec.command.empty())
        error = "kill-server needs command=..., which starts the server again";
      break;
    case IncidentKind::password_guessing:
    case IncidentKind::invalid_burst:
      break;
  }
  return error.empty();
}

}  // namespace

std::string_view name_of(IncidentKind kind) {
  for (const KindInfo& info : kinds()) {
    if (info.kind == kind) return info.name;
  }
  return "";
}

bool parse_incident(std::string_view text, IncidentSpec& spec, std::string& error) {
  error.clear();
  IncidentSpec result;
  result.text = text;
  const std::size_t at = text.rfind('@');  // the last one: a command may hold others
  const std::size_t plus = at == std::string_view::npos ? at : text.find('+', at);
  if (plus == std::string_view::npos) {
    error =
        "expected NAME[:key=value,...]@START+DURATION in seconds, as in "
        "connection-surge:connections=500@10+5";
    return false;
  }
  if (!parse_span(text.substr(at + 1, plus - at - 1), result.start_s) ||
      !parse_span(text.substr(plus + 1), result.duration_s) || result.duration_s <= 0) {
    error = fmt::format(
        "\"{}\" is no time; expected START+DURATION in seconds, DURATION above 0, as in @10+5",
        text.substr(at));
    return false;
  }
  const std::string_view name_and_keys = text.substr(0, at);
  const std::size_t colon = name_and_keys.find(':');
  const std::string_view name = name_and_keys.substr(0, colon);
  const KindInfo* found = nullptr;
  std::vector<std::string_view> names;
  for (const KindInfo& info : kinds()) {
    names.push_back(info.name);
    if (info.name == name) found = &info;
  }
  if (found == nullptr) {
    error = fmt::format("\"{}\" is no incident; there are {}", name, join(names));
    return false;
  }
  result.kind = found->kind;
  if (result.kind == IncidentKind::password_guessing) {
    result.rate_per_s = 20;
    result.clients = 4;
  } else if (result.kind == IncidentKind::invalid_burst) {
    result.rate_per_s = 200;
    result.clients = 8;
  }
  const std::string_view keys =
      colon == std::string_view::npos ? std::string_view{} : name_and_keys.substr(colon + 1);
  if (!parse_keys(keys, *found, result, error) || !check_complete(result, error)) return false;
  spec = std::move(result);
  return true;
}

}  // namespace ringside::load
