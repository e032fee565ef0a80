// Alerts as they happen, through restarts of the daemon.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <thread>

#include "report/model/format.h"
#include "report/render/table.h"
#include "tools/ringside/commands/alert_pages.h"
#include "tools/ringside/commands/alert_words.h"
#include "tools/ringside/commands/alerts.h"

namespace ringside::tool {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{500};
constexpr milliseconds kLongestPause{10'000};
// The daemon sends a comment each 15 s.
constexpr std::chrono::seconds kSilence{45};

bool one_of(const std::vector<std::string>& wanted, const std::string& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

// Whether it is a line of an incident, as the alert log has them: not each alert's own life.
bool of_incident(const std::string& state) {
  for (const char* own : {"pending", "firing", "recovering", "resolved"}) {
    if (state == own) return false;
  }
  return true;
}

bool wanted(const AlertsOptions& options, const Json& line) {
  if (!options.transitions && !of_incident(text_of(line, "state"))) return false;
  return one_of(options.levels, text_of(line, "level")) &&
         one_of(options.types, text_of(line, "alert")) &&
         (options.operation.empty() || options.operation == text_of(line, "operation")) &&
         (options.ring.empty() || options.ring == text_of(line, "ring"));
}

void print_line(const Json& line) {
  const std::string operation = text_of(line, "operation");
  const std::string first = fmt::format("{}  {:<9} {:<12} ", second_of(text_of(line, "at")),
                                        text_of(line, "level"), text_of(line, "state"));
  const std::string text = escape_visible(
      fmt::format("{}{}{}: {} [{}]", text_of(line, "alert"), operation.empty() ? "" : " ",
                  operation, text_of(line, "message"), text_of(line, "incident")));
  std::printf("%s", wrap(text, first, kAlertsWidth).c_str());
}

// Whether it fails until a person changes something. A daemon that is away comes back.
bool lasts(const Failure& failure) {
  return failure.error_number == EACCES || failure.error_number == ENAMETOOLONG;
}

class Follower {
 public:
  explicit Follower(const AlertsOptions& options) : options_(options) {}

  // False: standard output is closed.
  bool take(const DaemonEvent& event) {
    if (!event.id.empty()) last_id_ = event.id;
    const Json data = Json::parse(event.data, nullptr, false);
    if (event.name == "hello") hello(data);
    if (event.name == "lost" || event.name == "gap")
      std::fprintf(stderr, "ringside: lines are missing here; ringside alerts has what lasts\n");
    if (event.name != "alert" || !data.is_object() || !wanted(options_, data)) return true;
    if (options_.json) {
      std::printf("%s\n", event.data.c_str());
    } else {
      print_line(data);
    }
    return std::fflush(stdout) == 0;
  }
  void gone(const std::string& why) {
    if (connected_ || !told_) {
      std::fprintf(stderr, "ringside: %s\nringside: it is tried again until it answers\n",
                   why.c_str());
    }
    told_ = true;
    connected_ = false;
    std::this_thread::sleep_for(pause_);
    pause_ = std::min(2 * pause_, kLongestPause);
  }
  const std::string& last_id() const { return last_id_; }

 private:
  void hello(const Json& data) {
    const std::string started = text_of(data, "daemon_started_at");
    if (!connected_) {
      std::fprintf(stderr, "ringside: follows ringsided %s, started %s UTC\n",
                   escape_visible(text_of(data, "daemon_version")).c_str(),
                   second_of(started).c_str());
    }
    connected_ = true;
    pause_ = kFirstPause;
  }

  const AlertsOptions& options_;
  std::string last_id_;
  milliseconds pause_ = kFirstPause;
  bool connected_ = false;
  bool told_ = false;
};

}  // namespace

int follow_alerts(const AlertsOptions& options) {
  const DaemonClient client(daemon_socket(options.socket), kSilence);
  Follower follower(options);
  for (;;) {
    const auto ended =
        client.follow(kStreamPath, follower.last_id(),
                      [&](const DaemonEvent& event) { return follower.take(event); });
    if (const auto* answer = std::get_if<DaemonAnswer>(&ended)) {
      // A refusal for a limit passes; one for a reason does not.
      if (answer->status != 429 && answer->status != 503) {
        api_answer(ended);
        return 1;
      }
      follower.gone(problem_text(*answer));
      continue;
    }
    const Failure& failure = std::get<Failure>(ended);
    if (failure.message.empty()) return 1;  // standard output is closed
    if (lasts(failure)) {
      api_answer(ended);
      return 1;
    }
    follower.gone(failure.message);
  }
}

}  // namespace ringside::tool
