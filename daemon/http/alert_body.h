// The body of POST alerts, read strictly.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/alerts/handling.h"

namespace ringside::http {

struct AlertBody {
  struct Aim {
    AlertTarget kind = AlertTarget::episode;
    std::string id;  // empty: by the filter
  };
  AlertAction action = AlertAction::acknowledge;
  std::vector<Aim> aims;    // one or more
  AlertFilter filter;       // for AlertTarget::matching
  bool all = false;         // everything was meant outright
  std::int64_t for_ns = 0;  // 0: not given
  std::string who;          // beside the name of the token or user; empty: not given
  std::string why;
  bool dry_run = false;
};

struct AlertBodyProblem {
  const char* code = "invalid_body";  // or invalid_json
  std::string detail;  // with the place: "filter.level: found 'bad', expected one of ..."
};

std::variant<AlertBody, AlertBodyProblem> read_alert_body(std::string_view body);

const char* name_of(AlertAction action);

}  // namespace ringside::http
