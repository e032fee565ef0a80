// How an incident's cause is told: a clause for what happened, a sentence for what to do.
#include <fmt/format.h>

#include <string_view>

#include "report/analysis/story.h"
#include "report/model/format.h"

namespace ringside::detail {
namespace {

struct Telling {
  AlertType alert;
  std::string_view figure;  // empty: any other
  const char* past;
  const char* present;
  const char* next;
  // Of the past, where a report has no single calls, no addresses and no lanes; null: the same.
  const char* next_of_past = nullptr;
};

constexpr const char* kLookAtHost = "Look first at what else runs on the host.";
constexpr const char* kLookAtSources =
    "Look first at the addresses under Security, and block those that go on.";
constexpr const char* kLookForSources =
    "Look first at the counts under Security, and in the server's log of that time for addresses.";
constexpr const char* kLookAtDaemon = "Give the daemon more CPU time, or the ring more capacity.";
constexpr const char* kLookAtLog =
    "Look first at the server's own log, and at what it did last (ringside tail).";
constexpr const char* kLookAtLogOfThen = "Look first at the server's own log of that time.";

constexpr Telling kTellings[] = {
    {AlertType::database_issue, "breaker", "The circuit breaker was open",
     "The circuit breaker is open",
     "Look first at the errors that opened it: when they end, it closes by itself."},
    {AlertType::database_issue, "rollbacks", "Transactions were rolled back",
     "Transactions are rolled back", "Look first at the errors of the operations that write."},
    {AlertType::database_issue, "transaction_time", "Transactions were slow",
     "Transactions are slow", "Look first at what holds the database's lock, and at its disk."},
    {AlertType::database_issue, "slow_queries", "Queries were slow", "Queries are slow",
     "Look first at the plans of the slow queries: an index may be missing."},
    {AlertType::database_issue, "", "The database failed", "The database fails",
     "Look first at disk space, I/O errors and the server's log of this time."},
    {AlertType::server_down, "crashed", "The server died", "The server has died", kLookAtLog,
     kLookAtLogOfThen},
    {AlertType::server_down, "stopped", "The server was stopped", "The server is stopped",
     "Start it again, if it was not stopped on purpose."},
    {AlertType::server_down, "stuck", "The server was stuck", "The server is stuck", kLookAtLog,
     kLookAtLogOfThen},
    {AlertType::server_down, "in_flight", "A thread was stuck", "A thread is stuck",
     "Look first at what its thread was doing: Lanes under Data quality names the operation.",
     "Look first in the server's log of that time for what its thread was doing."},
    {AlertType::server_down, "loop_lag", "The event loop ran late", "The event loop runs late",
     "Look first for work on the event loop that belongs on another thread."},
    {AlertType::server_down, "traffic", "Usual calls stopped coming", "Usual calls do not come",
     "Look first at what lies between clients and the server: network, names, proxy."},
    {AlertType::server_down, "", "The server was down", "The server is down", kLookAtLog,
     kLookAtLogOfThen},
    {AlertType::system_overload, "host_memory", "The host ran out of memory",
     "The host runs out of memory", kLookAtHost},
    {AlertType::system_overload, "open_files", "The server ran out of file descriptors",
     "The server runs out of file descriptors",
     "Look first at what the server does not close (/proc/PID/fd), then raise its limit.",
     "Look first at what the server does not close, then raise its limit."},
    {AlertType::system_overload, "threads", "The server had too many threads",
     "The server has too many threads", "Look first at what the server's threads wait for."},
    {AlertType::system_overload, "traffic", "Far more calls came than usual",
     "Far more calls come than usual", "Look first at who sends so much: the most active users.",
     "Look first in the server's log of that time for who sent so much."},
    {AlertType::system_overload, "server_cpu", "The server's processors were busy",
     "The server's processors are busy",
     "Look first at the operations that take the time, under Bottlenecks."},
    {AlertType::system_overload, "", "The host was overloaded", "The host is overloaded",
     kLookAtHost},
    {AlertType::security_threat, "guessing", "Passwords of many accounts were tried",
     "Passwords of many accounts are tried", kLookAtSources, kLookForSources},
    {AlertType::security_threat, "rate_limited", "Many calls were refused for their rate",
     "Many calls are refused for their rate",
     "Look first at who sends so much: an attack, or an honest client with a tight limit."},
    {AlertType::security_threat, "blocked_source", "Blocked addresses kept coming",
     "Blocked addresses keep coming", kLookAtSources, kLookForSources},
    {AlertType::security_threat, "rejected_tokens", "Many tokens were rejected",
     "Many tokens are rejected", kLookAtSources, kLookForSources},
    {AlertType::security_threat, "ip_blocks", "Many addresses were blocked",
     "Many addresses are blocked", kLookAtSources, kLookForSources},
    {AlertType::security_threat, "threats", "Patterns of attacks were seen",
     "Patterns of attacks are seen", kLookAtSources, kLookForSources},
    {AlertType::security_threat, "", "Many logins failed", "Many logins fail", kLookAtSources,
     kLookForSources},
    {AlertType::high_connections, "", "Too many connections were open",
     "Too many connections are open", "Look first at who connects, and who does not leave."},
    {AlertType::high_memory, "", "The server took too much memory",
     "The server takes too much memory",
     "Look first at what grows, and restart before memory is gone."},
    {AlertType::telemetry_loss, "refused", "The ring was refused", "The ring is refused",
     "Look first at the ring's problem under Data quality: it says what to do.",
     "Look first at what the daemon's log of that time says of the ring."},
    {AlertType::telemetry_loss, "", "Records were lost before they were read",
     "Records are lost before they are read", kLookAtDaemon},
    {AlertType::high_error_rate, "", "{} failed too often", "{} fails too often", nullptr},
    {AlertType::high_latency, "", "{} was slow", "{} is slow", nullptr},
    {AlertType::performance_regression, "", "{} became slower than its baseline",
     "{} is slower than its baseline",
     "Look first at what was deployed or has grown since the baseline."},
    {AlertType::slo_burn, "", "An objective's budget of bad calls burnt too fast",
     "An objective's budget of bad calls burns too fast",
     "Look first at what fails or is slow, by operation."},
};

const Telling& telling_of(const AlertTransition& cause) {
  const Telling* other = &kTellings[0];
  for (const Telling& one : kTellings) {
    if (one.alert != cause.alert) continue;
    if (one.figure == cause.figure) return one;
    if (one.figure.empty()) other = &one;
  }
  return *other;
}

}  // namespace

std::string clause_of(const AlertTransition& cause, bool locked, bool lasts) {
  if (cause.alert == AlertType::database_issue && locked)
    return lasts ? "The database is locked" : "The database was locked";
  const Telling& telling = telling_of(cause);
  const std::string_view words = lasts ? telling.present : telling.past;
  if (!words.starts_with("{}")) return std::string(words);
  std::string who =
      cause.operation.empty() ? std::string("The server") : escape_visible(cause.operation);
  return who + std::string(words.substr(2));
}

std::string next_step(const AlertTransition& cause, bool locked, bool lasts, bool is_past) {
  if (cause.alert == AlertType::database_issue && locked) {
    return lasts ? "Look first at what holds the database's lock: a long write transaction, a "
                   "backup, another process."
                 : "Find what held the database's lock: a long write transaction, a backup, "
                   "another process.";
  }
  const Telling& telling = telling_of(cause);
  if (is_past && telling.next_of_past != nullptr) return telling.next_of_past;
  if (telling.next != nullptr) return telling.next;
  if (cause.suspect.empty()) {
    return is_past ? "Look first at the operation's stages, under Bottlenecks."
                   : "Look first at the operation's last calls.";
  }
  return fmt::format("Look first at {} {}.",
                     cause.alert == AlertType::high_error_rate ? "the error" : "the stage",
                     escape_visible(cause.suspect));
}

}  // namespace ringside::detail
