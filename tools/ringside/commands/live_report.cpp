// A report of a running daemon, over its Unix socket: of this moment, with single calls, or of a
// span of its history.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <variant>

#include "tools/ringside/commands/commands.h"
#include "tools/ringside/commands/report_output.h"
#include "tools/ringside/daemon_client.h"

namespace ringside::tool {
namespace {

constexpr const char* kReportPath = "/api/v1/admin/performance/report";
// Weeks of history take a while.
constexpr std::chrono::seconds kPatience{120};

// A JSON report is the same wherever it comes from: without the answer's meta.
std::string bytes_of(const DaemonAnswer& answer, const std::string& format) {
  if (format != "json") return answer.body;
  const auto json = nlohmann::ordered_json::parse(answer.body, nullptr, false);
  if (!json.is_object() || !json.contains("data")) return answer.body;
  return json["data"].dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

int live_report(const ReportOptions& options) {
  DaemonClient::Query query = {{"format", options.format}};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) query.emplace_back(name, value);
  };
  add("since", options.since);
  add("until", options.until);
  add("compare_to", options.compare_to);
  add("ring", options.ring);
  add("operation", options.operation);
  const DaemonClient client(daemon_socket(options.socket), kPatience);
  const auto result = client.get(kReportPath, query, "*/*");
  if (const auto* failure = std::get_if<Failure>(&result)) {
    std::fprintf(stderr,
                 "ringside report: %s\n  or: ringside report HISTORY, of a history file alone\n",
                 failure->message.c_str());
    return 1;
  }
  const auto& answer = std::get<DaemonAnswer>(result);
  if (answer.status != 200) {
    std::fprintf(stderr, "ringside report: %s\n", problem_text(answer).c_str());
    return 1;
  }
  return deliver(options, bytes_of(answer, options.format));
}

}  // namespace ringside::tool
