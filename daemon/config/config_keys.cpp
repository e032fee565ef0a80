// The table of all keys. Over 400 lines: it is one table.
#include "daemon/config/config_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "daemon/config/http_keys.h"

namespace ringside {
namespace {

// `AT(member)`: a function that leads from the root to the member.
#define AT(member) [](Config& c) -> decltype((c.member)) { return c.member; }
#define AT_OPERATION(member) [](OperationThresholds& o) -> decltype((o.member)) { return o.member; }
#define AT_RECEIVER(member) [](ReceiverConfig& r) -> decltype((r.member)) { return r.member; }

using Duration = DurationField<Config>;
using Size = SizeField<Config>;
using Integer = IntegerField<Config>;
using Number = NumberField<Config>;
using Switch = SwitchField<Config>;
using Path = PathField<Config>;
using Choice = ChoiceField<Config>;
using Choices = ChoicesField<Config>;
using Rings = RingsField<Config>;
using Often = FrequencyField<Config>;
using Bounds = LevelsField<Config>;

std::vector<ConfigKey<Config>> own_table() {
  return {
      {"rings", Rings{AT(rings)},
       "Rings to watch: by name (`chat` is /dev/shm/ringside.chat), by path (anything with a '/'), "
       "or by pattern: "
       "`*` is every ring in /dev/shm that appears, `/run/chat/ring-*` every one in that "
       "directory; 64 at most."},
      {"any_owner", Switch{AT(any_owner)},
       "Accept rings whose file belongs to a user other than the daemon's and root. [owners] is "
       "stricter: it names one user for a ring."},
      {"labels", Switch{AT(labels)},
       "Show what servers call their users, rooms and addresses. false: ids alone."},
      {"tick", Duration{AT(tick_ns), 100 * kMillisecond, kHour},
       "How often everything is evaluated: windows, alerts, snapshot, state."},
      {"log_level", Choice{AT(log_level), {"error", "warning", "info", "debug"}},
       "What the daemon says about itself on standard error."},

      {"state.directory", Path{AT(state_directory)},
       "Where positions, totals and alerts are kept. One daemon for each. Empty: /var/lib/ringside "
       "for root, "
       "$XDG_STATE_HOME/ringside or ~/.local/state/ringside for others."},
      {"state.interval", Duration{AT(state_interval_ns), 0, kHour},
       "How often the state is saved, at most; 0s: at every tick. After a kill the daemon goes on "
       "from the last saved "
       "one: it reads again what is still in the ring, and loses what was overwritten since."},

      {"metrics.last", Integer{AT(last), 1, 10000},
       "Operations of each kind that are kept singly, the latest."},
      {"metrics.top", Integer{AT(top), 1, 100},
       "Actors, subjects and slowest operations that are listed."},

      {"alert_log.path", Path{AT(alert_log_path)},
       "One line for each thing that happens to an incident. Empty: alerts.log in the state "
       "directory. "
       "- is standard output."},
      {"alert_log.format", Choice{AT(alert_log_format), {"logfmt", "json"}},
       "The form of its lines."},
      {"alert_log.transitions", Switch{AT(alert_log_transitions)},
       "true: a line for each transition of an alert, too."},

      {"reports.directory", Path{AT(report_directory)},
       "Where reports are written. Empty: reports in the state directory."},
      {"reports.interval", Duration{AT(report_interval_ns), 0, 366 * kDay},
       "How often a report is written, at full multiples in UTC; 0s: only at SIGUSR1 and at the "
       "end."},
      {"reports.formats", Choices{AT(report_formats), {"text", "markdown", "html", "json"}},
       "What is written each time."},
      {"reports.keep", Integer{AT(report_keep), 0, 100000},
       "Copies with a time in their name that are kept in each format, beside the latest report."},
      {"reports.keep_daily", Integer{AT(report_keep_daily), 0, 100000},
       "Reports of whole days in UTC that are kept in each format, made of the history when the "
       "day "
       "is over; 0: none is written."},

      {"dead_rings.keep", Integer{AT(dead_rings_keep), 0, 1000},
       "Rings of servers that died that are kept as files, in rings in the state directory, for "
       "`ringside autopsy`; 0: none is written."},
      {"dead_rings.max_size",
       Size{AT(dead_rings_max_bytes), std::uint64_t{1} << 20, std::uint64_t{1} << 40},
       "All of them together, as far as they have memory: the oldest goes first, and a ring that "
       "is larger is not kept."},

      {"history.enabled", Switch{AT(history_enabled)},
       "Keep a history that outlives the daemon: a SQLite file with each operation's minutes and "
       "hours, gauges, incidents, and what was started and changed."},
      {"history.path", Path{AT(history_path)},
       "Its file. Empty: history.db in the state directory."},
      {"history.keep_minutes", Duration{AT(history_minutes_ns), 3 * kHour, 366 * kDay},
       "How long minutes are kept. Each whole hour is kept as one, for longer:"},
      {"history.keep_hours", Duration{AT(history_hours_ns), kDay, 3660 * kDay},
       "How long hours, incidents and what was started and changed are kept."},
      {"history.max_size",
       Size{AT(history_max_bytes), std::uint64_t{4} << 20, std::uint64_t{1} << 40},
       "The file never grows beyond this: the oldest goes first, and the log says so. Its journal "
       "(history.db-wal) comes beside it: 4 MiB, and up to 32 MiB and a minute more while somebody "
       "reads."},

      {"otlp.url", UrlField<Config>{AT(otlp.url), true},
       "The OpenTelemetry collector to which metrics are pushed, by OTLP over HTTP, such as "
       "http://localhost:4318. /v1/metrics is added where the address has no path. Empty: none."},
      {"otlp.headers_file", Path{AT(otlp.headers_file)},
       "A file with fields of its requests, one on a line, such as \"Authorization: Bearer ...\". "
       "It is read at the start and at SIGHUP. Empty: none."},
      {"otlp.ca_file", Path{AT(otlp.ca_file)},
       "Certificates (PEM) of the authorities that are trusted for https, read at the start and at "
       "SIGHUP. Empty: the system's."},
      {"otlp.interval", Duration{AT(otlp.interval_ns), kSecond, kHour},
       "How often metrics are pushed."},
      {"otlp.timeout", Duration{AT(otlp.timeout_ns), 10 * kMillisecond, 5 * kMinute},
       "How long a whole request may take, connecting included."},

      {"thresholds.response_time", Duration{AT(thresholds.response_ns), kMillisecond / 1000, kHour},
       "Slower is too slow: judged by the p95 of the last minute, for each operation."},
      {"thresholds.error_rate_percent", Number{AT(thresholds.error_percent), 0.001, 100},
       "More errors and timeouts of an operation's calls in the last minute are too many."},
      {"thresholds.memory",
       Size{AT(thresholds.memory_bytes), std::uint64_t{1} << 20, std::uint64_t{1} << 50},
       "Resident memory of the server's process."},
      {"thresholds.connections", Integer{AT(thresholds.connections), 1, 1'000'000'000},
       "Open connections, as the server's gauge `connections` says."},

      {"alerts.min_samples", Integer{AT(thresholds.min_samples), 1, 1'000'000},
       "The report's verdict passes over windows with fewer calls. Alerts go by false_alarms."},
      {"alerts.false_alarms", Often{AT(alerts.false_alarms), kHour, 3660 * kDay},
       "How many alerts may fire by chance alone, in all. The fewer, the more calls must be too "
       "slow or fail before an alert believes it."},
      {"alerts.emergency_tick", Duration{AT(alerts.emergency_tick_ns), 100 * kMillisecond, kHour},
       "How often it is looked for emergencies between two ticks: a server that died or is stuck, "
       "an open breaker, a flood of losses. The tick then comes at once."},
      {"alerts.raise_ticks", Integer{AT(alerts.raise_ticks), 1, 64},
       "An alert is raised when it was over its threshold in this many ..."},
      {"alerts.of_ticks", Integer{AT(alerts.of_ticks), 1, 64}, "... of this many latest ticks."},
      {"alerts.clear_after", Duration{AT(alerts.clear_after_ns), 0, kDay},
       "How long a value must stay below its clear threshold before the alert falls."},
      {"alerts.start_grace", Duration{AT(alerts.start_grace_ns), 0, kHour},
       "high_latency does not begin so soon after a server's start: its caches are cold, and "
       "everybody logs in at once. All else is judged from the first second on."},
      {"alerts.visible", Duration{AT(alerts.visible_ns), 0, kDay},
       "How long an alert or an incident that is over is still shown."},
      {"alerts.flapping", Often{AT(alerts.flapping), kMinute, kDay},
       "An alert that comes back this often is marked as flapping."},
      {"alerts.hold_without_data", Duration{AT(alerts.hold_without_data_ns), kSecond, 366 * kDay},
       "An active alert without data holds its state this long, and is then resolved as unknown."},
      {"alerts.regression_after", Duration{AT(alerts.regression_after_ns), 0, kDay},
       "A regression that was found is told when it has lasted so much longer. The report has it "
       "at "
       "once. What hurts at once is high_latency's to tell."},
      {"alerts.learn", Switch{AT(alerts.learn)},
       "Learn how slow each operation usually is and how many calls usually come, and warn when it "
       "is far from that. Latency: only where neither you nor the server set a threshold."},
      {"alerts.learnt_factor", Number{AT(alerts.learnt_factor), 2, 1000},
       "An operation is unusually slow from so many times its usual p95 on, at least 1 ms above it "
       "and at most thresholds.response_time."},

      {"alerts.incidents.quiet", Duration{AT(alerts.quiet_ns), 0, kHour},
       "An incident has ended when nothing of it has been active for this long ..."},
      {"alerts.incidents.most_doublings", Integer{AT(alerts.most_doublings), 0, 16},
       "... and for twice as long each time that it came back meanwhile, up to this often."},

      {"alerts.repeat.info", Duration{AT(alerts.repeat_ns[0]), 0, 366 * kDay},
       "How often a webhook is told again of an incident that goes on, at its present level; 0s: "
       "never. One that is acknowledged or silenced is not repeated."},
      {"alerts.repeat.warning", Duration{AT(alerts.repeat_ns[1]), 0, 366 * kDay}, "Likewise."},
      {"alerts.repeat.critical", Duration{AT(alerts.repeat_ns[2]), 0, 366 * kDay}, "Likewise."},
      {"alerts.repeat.emergency", Duration{AT(alerts.repeat_ns[3]), 0, 366 * kDay}, "Likewise."},

      {"alerts.times_threshold.response_time", Bounds{AT(alerts.latency), 1e6},
       "high_latency, in multiples of the operation's threshold: [raise, clear] for each level."},
      {"alerts.times_threshold.error_rate", Bounds{AT(alerts.error_rate), 1e6},
       "high_error_rate, likewise. A level beyond 100 % is never reached."},
      {"alerts.times_threshold.memory", Bounds{AT(alerts.memory), 1e6}, "high_memory, likewise."},
      {"alerts.times_threshold.connections", Bounds{AT(alerts.connections), 1e6},
       "high_connections, likewise."},

      {"alerts.high_memory.growth_per_hour", Bounds{AT(alerts.memory_growth), 3600},
       "How often the pace of an hour would fill what is left of the memory, until the threshold "
       "or the end of the host's: 1 is full in an hour, 6 in 10 minutes."},

      {"alerts.system_overload.cpu_percent", Bounds{AT(alerts.cpu_percent), 100},
       "CPU of the host, and of the server's process as a share of all the host's CPUs."},
      {"alerts.system_overload.memory_percent", Bounds{AT(alerts.memory_percent), 100},
       "Memory of the host that is not available."},
      {"alerts.system_overload.load_per_cpu", Bounds{AT(alerts.load_per_cpu), 1e6},
       "Load average of one minute, divided by the number of CPUs."},
      {"alerts.system_overload.traffic_percent", Bounds{AT(alerts.traffic_percent), 1e6},
       "Successful calls, in percent of the usual rate of all calls; also at least twice the "
       "highest rate that was usual within days, and 20 a second. A single operation only warns."},
      {"alerts.system_overload.cpu_pressure_percent", Bounds{AT(alerts.cpu_pressure_percent), 100},
       "Share of the last 10 s in which something on the host waited for a CPU."},
      {"alerts.system_overload.stall_percent", Bounds{AT(alerts.stall_percent), 100},
       "Share of the last 10 s in which everything on the host waited for memory, or for a disk."},
      {"alerts.system_overload.open_files_percent", Bounds{AT(alerts.open_files_percent), 100},
       "Open files of a process, as a share of its soft limit RLIMIT_NOFILE."},
      {"alerts.system_overload.threads", Bounds{AT(alerts.threads), 1e6}, "Threads of a process."},
      {"alerts.system_overload.growth_per_hour", Bounds{AT(alerts.resource_growth), 3600},
       "How often the pace of an hour would fill what is left of a process's open files or of the "
       "threads' next level: 1 is full in an hour, 6 in 10 minutes."},

      {"alerts.server_down.missing_traffic_percent",
       Bounds{AT(alerts.missing_traffic_percent), 100},
       "Calls that usually come and are missing, while those that come are answered. A single "
       "operation only warns."},
      {"alerts.server_down.in_flight_seconds", Bounds{AT(alerts.in_flight_seconds), 1e6},
       "How long one thread may be at one operation, and write nothing. If such an operation took "
       "longer of late, five times as long as then."},
      {"alerts.server_down.loop_lag_ms", Bounds{AT(alerts.loop_lag_ms), 3.6e6},
       "How late the server's event loop runs, in milliseconds, as its gauge `loop_lag_ms` says."},

      {"alerts.database_issue.rollback_percent", Bounds{AT(alerts.rollback_percent), 100},
       "Share of the last minute's transactions that were rolled back."},
      {"alerts.database_issue.error_percent", Bounds{AT(alerts.database_error_percent), 100},
       "Share of the last minute's operations that ended with an error named DATABASE_..."},
      {"alerts.database_issue.slow_queries_per_minute",
       Bounds{AT(alerts.slow_queries_per_minute), 1e12}, "Slow queries in the last minute."},
      {"alerts.database_issue.transaction_ms", Bounds{AT(alerts.transaction_ms), 3.6e6},
       "Time of a transaction in milliseconds: its p95, as for operations."},
      {"alerts.database_issue.lock_waits_per_minute",
       Bounds{AT(alerts.lock_waits_per_minute), 1e12},
       "Attempts in the last minute that gave up waiting for a lock and were repeated (RETRY)."},

      {"alerts.security_threat.failed_logins_per_minute",
       Bounds{AT(alerts.failed_logins_per_minute), 1e12}, "Failed logins in the last minute."},
      {"alerts.security_threat.rejected_tokens_per_minute",
       Bounds{AT(alerts.rejected_tokens_per_minute), 1e12}, "Rejected tokens in the last minute."},
      {"alerts.security_threat.ip_blocks_per_minute", Bounds{AT(alerts.ip_blocks_per_minute), 1e12},
       "Addresses blocked in the last minute."},
      {"alerts.security_threat.threats_per_minute", Bounds{AT(alerts.threats_per_minute), 1e12},
       "Threat patterns recognised in the last minute."},
      {"alerts.security_threat.failures_of_source_per_hour",
       Bounds{AT(alerts.failures_of_source_per_hour), 1e12},
       "Failed logins and rejected tokens of one address in the last hour."},
      {"alerts.security_threat.failures_of_account_per_hour",
       Bounds{AT(alerts.failures_of_account_per_hour), 1e12},
       "Failed logins for one account in the last hour."},
      {"alerts.security_threat.guessed_accounts_per_hour",
       Bounds{AT(alerts.guessed_accounts_per_hour), 266},
       "Accounts that one address failed to log in to in the last hour, about."},
      {"alerts.security_threat.rate_limited_per_minute",
       Bounds{AT(alerts.rate_limited_per_minute), 1e12},
       "Calls in the last minute that were refused for their rate (RATE_LIMIT)."},
      {"alerts.security_threat.blocked_attempts_per_minute",
       Bounds{AT(alerts.blocked_attempts_per_minute), 1e12},
       "Attempts of blocked addresses in the last minute (BLOCKED_ATTEMPT)."},

      {"alerts.telemetry_loss.lost_records", Bounds{AT(alerts.lost_records), 1e12},
       "Records lost in one tick; the same bounds hold for rejected ones, and for those of "
       "untraced threads."},
  };
}

// [http] stands between [history] and [otlp].
const std::vector<ConfigKey<Config>>& table() {
  static const std::vector<ConfigKey<Config>> keys = [] {
    std::vector<ConfigKey<Config>> all = own_table();
    const std::vector<ConfigKey<Config>> http = http_keys();
    all.insert(std::find_if(all.begin(), all.end(),
                            [](const auto& key) { return key.path.starts_with("otlp."); }),
               http.begin(), http.end());
    return all;
  }();
  return keys;
}

const std::vector<ConfigKey<OperationThresholds>>& operation_table() {
  static const std::vector<ConfigKey<OperationThresholds>> keys = {
      {"response_time",
       DurationField<OperationThresholds>{AT_OPERATION(response_ns), kMillisecond / 1000, kHour},
       "In place of thresholds.response_time, for this operation."},
      {"error_rate_percent",
       NumberField<OperationThresholds>{AT_OPERATION(error_percent), 0.001, 100},
       "In place of thresholds.error_rate_percent, for this operation."},
  };
  return keys;
}

const std::vector<ConfigKey<ReceiverConfig>>& receiver_table() {
  using R = ReceiverConfig;
  static const std::vector<ConfigKey<R>> keys = {
      {"name", NameField<R>{AT_RECEIVER(name)}, "What the daemon's log calls it."},
      {"kind", ChoiceField<R>{AT_RECEIVER(kind), {"webhook", "alertmanager"}},
       "webhook: the lines of the alert log, as JSON. alertmanager: what is active, by API v2."},
      {"url", UrlField<R>{AT_RECEIVER(url)},
       "Where to post. For an Alertmanager its address, with its path prefix if it has one; "
       "/api/v2/alerts is added."},
      {"token_file", PathField<R>{AT_RECEIVER(token_file)},
       "A file with a bearer token on its first line, read at the start and at SIGHUP. "
       "Empty: no token."},
      {"ca_file", PathField<R>{AT_RECEIVER(ca_file)},
       "Certificates (PEM) of the authorities that are trusted for https, read at the start and at "
       "SIGHUP. Empty: the system's."},
      {"connect_timeout",
       DurationField<R>{AT_RECEIVER(connect_timeout_ns), 10 * kMillisecond, 5 * kMinute},
       "How long finding the address and connecting may take."},
      {"timeout", DurationField<R>{AT_RECEIVER(timeout_ns), 10 * kMillisecond, 5 * kMinute},
       "How long the whole request may take, connecting included."},
      {"resend", DurationField<R>{AT_RECEIVER(resend_ns), kSecond, kHour},
       "How often an active alert is sent again. The Alertmanager lets it lapse after four times "
       "as long. Only for kind = \"alertmanager\"."},
      {"min_level",
       ChoiceField<R>{AT_RECEIVER(min_level), {"info", "warning", "critical", "emergency"}},
       "Alerts below this level are not sent."},
      {"queue", IntegerField<R>{AT_RECEIVER(queue), 1, 100'000},
       "How many lines (webhook) or label sets (alertmanager) are kept for it. Beyond that the "
       "oldest line, or the newest label set, is dropped and counted."},
      {"transitions", SwitchField<R>{AT_RECEIVER(transitions)},
       "Send each transition of an alert too, and not only the lines of incidents. Only for kind = "
       "\"webhook\"."},
      {"watchdog", SwitchField<R>{AT_RECEIVER(watchdog)},
       "Send an alert named Watchdog that is always active: a dead man's switch. Only for kind = "
       "\"alertmanager\"."},
  };
  return keys;
}

#undef AT
#undef AT_OPERATION
#undef AT_RECEIVER

std::string listed(const std::vector<std::string_view>& choices) {
  std::string out;
  for (const std::string_view choice : choices)
    out += fmt::format("{}\"{}\"", out.empty() ? "" : ", ", choice);
  return out;
}

template <typename Root>
struct Allowed {
  std::string operator()(const DurationField<Root>& f) const {
    return fmt::format("a duration from {} to {}, such as \"5s\", \"200ms\", \"2min\"",
                       write_duration(f.least_ns), write_duration(f.most_ns));
  }
  std::string operator()(const SizeField<Root>& f) const {
    return fmt::format("a size from {} to {}, such as \"512MiB\"", write_size(f.least_bytes),
                       write_size(f.most_bytes));
  }
  std::string operator()(const IntegerField<Root>& f) const {
    return fmt::format("a whole number from {} to {}", f.least, f.most);
  }
  std::string operator()(const NumberField<Root>& f) const {
    return fmt::format("a number from {} to {}", write_number(f.least), write_number(f.most));
  }
  std::string operator()(const SwitchField<Root>&) const { return "true or false"; }
  std::string operator()(const PathField<Root>&) const {
    return "a path, as text without control characters";
  }
  std::string operator()(const ChoiceField<Root>& f) const { return "one of " + listed(f.choices); }
  std::string operator()(const ChoicesField<Root>& f) const {
    return "a list of any of " + listed(f.choices);
  }
  std::string operator()(const RingsField<Root>&) const {
    return "a list of 1 to 64 different rings: 1 to 64 letters, digits, '.', '_' or '-', or a path "
           "with a '/'; "
           "*, ? and [...] in its last part make it a pattern";
  }
  std::string operator()(const FrequencyField<Root>& f) const {
    return fmt::format("a number from 1 to 1000 and a time from {} to {}, such as \"1 per 90d\"",
                       write_duration(f.least_ns), write_duration(f.most_ns));
  }
  std::string operator()(const LevelsField<Root>& f) const {
    return fmt::format(
        "a table of info, warning, critical and emergency (any of them), each [raise, clear] with "
        "0 < clear <= raise <= {} and rising from level to level, such as {{ warning = [2, 1] }}",
        write_number(f.most));
  }
  std::string operator()(const PatternsField<Root>&) const {
    return "a list of 1 to 64 different names or patterns with *, ? and [...], such as "
           "[\"SEND_*\"]";
  }
  std::string operator()(const RingField<Root>&) const {
    return "a ring of `rings`, or what a pattern there finds";
  }
  std::string operator()(const TextsField<Root>& f) const {
    return fmt::format("a list of up to {} different texts, each {}, such as {}", f.most, f.each,
                       f.instances);
  }
  std::string operator()(const NameField<Root>&) const {
    return "1 to 64 letters, digits, '.', '_' or '-'";
  }
  std::string operator()(const UrlField<Root>& f) const {
    return std::string(f.may_be_empty ? "nothing, or " : "") +
           "http:// or https://, a host, and perhaps a port and a path, without user, password or "
           "fragment";
  }
};

// Levenshtein's distance, with two neighbours swapped counted as one mistake. `most` or more when
// it is not below `most`.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most) {
  const std::size_t apart = std::max(a.size(), b.size()) - std::min(a.size(), b.size());
  if (apart >= most) return apart;  // so many characters have to be added
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string_view last_part(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

}  // namespace

std::span<const ConfigKey<Config>> config_keys() { return table(); }
std::span<const ConfigKey<OperationThresholds>> operation_keys() { return operation_table(); }

std::span<const ConfigKey<ReceiverConfig>> receiver_keys() { return receiver_table(); }

std::string allowed_text(const ConfigKey<Config>& key) {
  return std::visit(Allowed<Config>{}, key.field);
}
std::string allowed_text(const ConfigKey<OperationThresholds>& key) {
  return std::visit(Allowed<OperationThresholds>{}, key.field);
}
std::string allowed_text(const ConfigKey<ReceiverConfig>& key) {
  return std::visit(Allowed<ReceiverConfig>{}, key.field);
}
std::string allowed_text(const ConfigKey<ObjectiveConfig>& key) {
  return std::visit(Allowed<ObjectiveConfig>{}, key.field);
}

std::string nearest_name(std::string_view written, std::span<const std::string> names) {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, last_part(written).size() / 3) + 1;
  for (const std::string& name : names) {
    const std::size_t whole = edit_distance(written, name, least);
    const std::size_t part = edit_distance(last_part(written), last_part(name), least) + 1;
    // The written key may be cut short, as in `response` for `response_time`.
    const std::string_view meant = last_part(name);
    const bool cut = last_part(written).size() >= 4 && meant.starts_with(last_part(written));
    const std::size_t distance = cut ? std::min<std::size_t>(whole, 2) : std::min(whole, part);
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best;
}

}  // namespace ringside
