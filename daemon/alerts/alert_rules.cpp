#include "daemon/alerts/alert_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <optional>
#include <string_view>

#include "report/analysis/judgement.h"
#include "report/model/format.h"
#include "report/model/names.h"

namespace ringside {
namespace {

constexpr auto kMinuteWindow = static_cast<std::size_t>(Window::minute);

class Readings {
 public:
  Readings(const Snapshot& snapshot, const Config& config, RuleMemory& memory)
      : s_(snapshot), config_(config), alerts_(config.alerts), memory_(memory) {}

  std::vector<Reading> all() {
    for (const SeriesView& operation : s_.operations) {
      latency(operation);
      error_rate(operation.name, operation);
    }
    for (const RingView& ring : s_.rings) {
      const SeriesView all = sum_of_ring(s_, ring.name);
      error_rate("", all);
      processes(ring);
      connections(ring);
      breaker(ring);
      database(ring, all.window(Window::minute).count());
      security(ring);
      down(ring);
      unreadable(ring);
    }
    host();
    loss();
    remember();
    return {std::make_move_iterator(out_.begin()), std::make_move_iterator(out_.end())};
  }

 private:
  Reading& add(AlertType alert, std::string figure, Levels levels, AlertUnit unit) {
    Reading reading;
    reading.alert = alert;
    reading.figure = std::move(figure);
    reading.levels = levels;
    reading.unit = unit;
    out_.push_back(std::move(reading));
    return out_.back();
  }

  // True when the sample is too small. The reading then says so.
  bool few(Reading& reading, std::uint64_t samples, const char* of) {
    const std::uint64_t needed = config_.thresholds.min_samples;
    if (samples >= needed) return false;
    reading.few = true;
    reading.text = fmt::format("{} {} in the last minute, {} are needed", format_count(samples), of,
                               format_count(needed));
    return true;
  }

  void latency(const SeriesView& series) {
    const Judgement judged = judge_latency(series, config_.thresholds);
    if (judged.threshold <= 0) return;   // it waits for its client
    Reading& r = add(AlertType::high_latency, "p95", alerts_.latency.times(judged.threshold / 1e6),
                     AlertUnit::ms);
    r.operation = series.name;
    r.ring = series.ring;
    if (few(r, judged.samples, "timed calls")) return;
    r.value = judged.value / 1e6;
    r.text = fmt::format("p95 {} over {} calls in the last minute, slowest {}",
                         format_span(judged.value), format_count(judged.samples),
                         format_span(static_cast<double>(series.window(Window::minute).max_ns)));
  }

  // Judges one operation. With an empty name it judges all operations of a ring together.
  void error_rate(const std::string& operation, const SeriesView& series) {
    const WindowStats& minute = series.window(Window::minute);
    const Judgement judged = judge_errors(operation, minute, config_.thresholds);
    Reading& r = add(AlertType::high_error_rate, "errors",
                     alerts_.error_rate.times(judged.threshold), AlertUnit::percent);
    r.operation = operation;
    r.ring = series.ring;
    if (few(r, judged.samples, "calls")) return;
    r.value = judged.value;
    r.text = fmt::format("{} of {}{} calls failed in the last minute ({})",
                         format_count(minute.errors), operation.empty() ? "" : "its ",
                         format_count(judged.samples), format_percent(judged.value / 100));
  }

  void processes(const RingView& ring) {
    const ProcessView* largest = largest_process(s_, ring.name);
    std::optional<double> cpu_percent;
    for (const ProcessView& process : s_.processes) {
      if (process.ring != ring.name || !process.cpu_percent) continue;
      cpu_percent = cpu_percent.value_or(0) + *process.cpu_percent;
    }
    const std::string unknown = "the server's process could not be sampled";
    Reading& memory =
        add(AlertType::high_memory, "resident",
            alerts_.memory.times(static_cast<double>(config_.thresholds.memory_bytes)),
            AlertUnit::bytes);
    memory.ring = ring.name;
    memory.text = unknown;
    if (largest != nullptr) {
      memory.value = judge_memory(*largest, config_.thresholds).value;
      memory.text = fmt::format("process {} has {} resident", largest->pid,
                                format_bytes(*largest->resident_bytes));
    }
    Reading& cpu =
        add(AlertType::system_overload, "server_cpu", alerts_.cpu_percent, AlertUnit::percent);
    cpu.ring = ring.name;
    cpu.text = unknown;
    if (cpu_percent && s_.host.cpus) {
      cpu.value = *cpu_percent / *s_.host.cpus;
      cpu.text = fmt::format("the server uses {} of the host's {} CPUs",
                             format_percent(*cpu.value / 100), *s_.host.cpus);
    }
  }

  void connections(const RingView& ring) {
    Reading& r = add(AlertType::high_connections, "connections",
                     alerts_.connections.times(static_cast<double>(config_.thresholds.connections)),
                     AlertUnit::connections);
    r.ring = ring.name;
    r.text = "the server does not say how many connections it has";
    if (!ring.live()) return;
    if (const GaugeView* gauge = connections_of(s_, ring.name)) {
      r.value = judge_connections(*gauge, config_.thresholds).value;
      r.text = format_signed(gauge->value) + " connections are open";
    }
  }

  const SeriesView* event(const RingView& ring, std::string_view name) const {
    for (const SeriesView& series : s_.events) {
      if (series.ring == ring.name && series.name == name) return &series;
    }
    return nullptr;
  }

  // Looks at the present instance only. A restarted server begins with its breaker closed and
  // records nothing about that.
  void breaker(const RingView& ring) {
    Reading& r = add(AlertType::database_issue, "breaker", Levels::of({}, LevelBounds{1, 0.5}),
                     AlertUnit::open);
    r.ring = ring.name;
    r.certain = true;
    r.text = "the ring is not live";
    if (!ring.live()) return;
    r.value = 0;
    r.text = "the circuit breaker has not moved";
    const SeriesView* moves = event(ring, names::kBreaker);
    if (moves == nullptr || moves->last.empty()) return;
    const RecordView& move = moves->last.front();
    const std::int64_t moved_ns = move.start_wall_ns + std::max<std::int64_t>(move.duration_ns, 0);
    if (moved_ns < ring.created_wall_ns) return;
    // Half-open: a trial runs. That neither raises nor clears the alert.
    const auto known = breaker_state_from(move.value);
    r.value = known == BreakerState::open ? 1 : known == BreakerState::half_open ? 0.5 : 0;
    const char* state = known ? name_of(*known) : "in an unknown state";
    r.text = fmt::format("the circuit breaker is {} since {}", state, format_time_of_day(moved_ns));
  }

  void down(const RingView& ring) {
    const bool known = ring.state != RingState::refused;
    const bool crashed = ring.state == RingState::crashed;
    const bool stopped = ring.state == RingState::closed ||
                         (ring.state == RingState::waiting && ring.instances_seen > 0);
    const auto before = memory_.rings.find(ring.name);
    const bool crashed_since =
        before != memory_.rings.end() && ring.crashes_seen > before->second.crashes;

    Reading& crash = add(AlertType::server_down, "crashed", Levels::of({}, LevelBounds{1, 1}),
                         AlertUnit::crashed);
    crash.ring = ring.name;
    crash.certain = true;
    crash.text = "the ring cannot be read";
    if (known) crash.value = crashed || crashed_since ? 1 : 0;
    const std::string who = ring.program.empty() ? "the server" : escape_visible(ring.program);
    if (crashed) {
      crash.text = fmt::format("{} (pid {}) died without closing its ring", who, ring.pid);
    } else if (crashed_since) {
      crash.text = fmt::format("{} crashed and was started again", who);
    } else if (known) {
      crash.text = ring.live() ? fmt::format("{} (pid {}) runs", who, ring.pid) : "no crash";
    }

    // An orderly restart takes a few ticks and should wake nobody. So a stop is raised like a
    // measurement, not like a fact.
    Reading& stop =
        add(AlertType::server_down, "stopped", Levels::of(LevelBounds{1, 1}), AlertUnit::stopped);
    stop.ring = ring.name;
    stop.text = known ? (stopped ? who + " has stopped" : "") : "the ring cannot be read";
    if (known) stop.value = stopped ? 1 : 0;
    if (stop.text.empty()) stop.text = crash.text;
  }

  void unreadable(const RingView& ring) {
    Reading& r = add(AlertType::telemetry_loss, "refused", Levels::of({}, LevelBounds{1, 1}),
                     AlertUnit::refused);
    r.ring = ring.name;
    r.certain = true;
    r.value = ring.state == RingState::refused ? 1 : 0;
    r.text = ring.state == RingState::refused
                 ? "the ring is refused: " + escape_visible(ring.problem)
                 : "the ring can be read";
  }

  void host() {
    const HostView& host = s_.host;
    const std::string unknown = "the host could not be sampled";
    Reading& cpu =
        add(AlertType::system_overload, "host_cpu", alerts_.cpu_percent, AlertUnit::percent);
    cpu.text = unknown;
    if (host.cpu_percent && host.cpus) {
      cpu.value = *host.cpu_percent;
      cpu.text = fmt::format("the host's {} CPUs are {} busy", *host.cpus,
                             format_percent(*host.cpu_percent / 100));
    }
    Reading& load =
        add(AlertType::system_overload, "host_load", alerts_.load_per_cpu, AlertUnit::per_cpu);
    load.text = unknown;
    if (host.load_1m && host.cpus) {
      load.value = *host.load_1m / *host.cpus;
      load.text =
          fmt::format("the host's load is {} on {} CPUs", format_number(*host.load_1m), *host.cpus);
    }
    Reading& memory =
        add(AlertType::system_overload, "host_memory", alerts_.memory_percent, AlertUnit::percent);
    memory.text = unknown;
    if (host.memory_available_bytes && host.memory_total_bytes.value_or(0) > 0) {
      const auto available = std::min(*host.memory_available_bytes, *host.memory_total_bytes);
      const double used =
          1 - static_cast<double>(available) / static_cast<double>(*host.memory_total_bytes);
      memory.value = used * 100;
      memory.text = fmt::format("{} of the host's memory is used, {} of {} are available",
                                format_percent(used), format_bytes(available),
                                format_bytes(*host.memory_total_bytes));
    }
  }

  void database(const RingView& ring, std::uint64_t calls) {
    Reading& rollbacks =
        add(AlertType::database_issue, "rollbacks", alerts_.rollback_percent, AlertUnit::percent);
    rollbacks.ring = ring.name;
    const SeriesView* transactions = event(ring, names::kDbTransaction);
    const WindowStats minute =
        transactions != nullptr ? transactions->window(Window::minute) : WindowStats{};
    if (!few(rollbacks, minute.recorded, "transactions")) {
      const double share =
          static_cast<double>(minute.errors) / static_cast<double>(minute.recorded);
      rollbacks.value = share * 100;
      rollbacks.text = fmt::format("{} of {} transactions were rolled back in the last minute ({})",
                                   format_count(minute.errors), format_count(minute.recorded),
                                   format_percent(share));
    }

    Reading& errors = add(AlertType::database_issue, "errors", alerts_.database_error_percent,
                          AlertUnit::percent);
    errors.ring = ring.name;
    if (!few(errors, calls, "calls")) {
      std::uint64_t count = 0;
      for (const ErrorStats& error : s_.errors) {
        if (error.ring == ring.name && error.name.starts_with("DATABASE_"))
          count += error.count[kMinuteWindow];
      }
      const double share = static_cast<double>(count) / static_cast<double>(calls);
      errors.value = share * 100;
      errors.text =
          fmt::format("{} of {} calls failed with a DATABASE_ error in the last minute ({})",
                      format_count(count), format_count(calls), format_percent(share));
    }

    per_minute(ring, AlertType::database_issue, "slow_queries", names::kSlowQuery,
               alerts_.slow_queries_per_minute, "slow query", "slow queries");
  }

  void security(const RingView& ring) {
    per_minute(ring, AlertType::security_threat, "failed_logins", names::kLoginFailed,
               alerts_.failed_logins_per_minute, "failed login", "failed logins");
    per_minute(ring, AlertType::security_threat, "rejected_tokens", names::kTokenRejected,
               alerts_.rejected_tokens_per_minute, "rejected token", "rejected tokens");
    per_minute(ring, AlertType::security_threat, "ip_blocks", names::kIpBlock,
               alerts_.ip_blocks_per_minute, "blocked address", "blocked addresses");
    per_minute(ring, AlertType::security_threat, "threats", names::kThreatPattern,
               alerts_.threats_per_minute, "threat pattern", "threat patterns");
  }

  // A count needs no minimum sample: each event counts for itself.
  void per_minute(const RingView& ring, AlertType alert, const char* figure, std::string_view name,
                  const Levels& levels, const char* one, const char* many) {
    Reading& r = add(alert, figure, levels, AlertUnit::per_minute);
    r.ring = ring.name;
    r.text = "the ring is not live";
    if (!ring.live()) return;
    const SeriesView* series = event(ring, name);
    const std::uint64_t count = series != nullptr ? series->window(Window::minute).count() : 0;
    r.value = static_cast<double>(count);
    r.text = fmt::format("{} {} in the last minute", format_count(count), count == 1 ? one : many);
    if (count > 0 && !series->last.empty()) {
      const RecordView& latest = series->last.front();
      const Party& party =
          latest.subject.kind == PartyKind::address ? latest.subject : latest.actor;
      if (!party.none()) r.text += ", latest: " + format_party(party);
    }
  }

  void added(const char* figure, const std::string& ring, std::uint64_t now, std::uint64_t before,
             const char* words) {
    Reading& r = add(AlertType::telemetry_loss, figure, alerts_.lost_records, AlertUnit::records);
    r.ring = ring;
    r.certain = true;
    // A count that went down was started anew, so all of it was added.
    const std::uint64_t count = now >= before ? now - before : now;
    r.value = static_cast<double>(count);
    r.text = fmt::format("{} records {} since the last tick, {} in all", format_count(count), words,
                         format_count(now));
  }

  void loss() {
    if (!memory_.known) return;
    added("lost", "", s_.books.lost, memory_.lost, "were overwritten before they were read");
    added("rejected", "", s_.books.rejected, memory_.rejected,
          "were read but could not be believed");
    for (const RingView& ring : s_.rings) {
      const auto before = memory_.rings.find(ring.name);
      if (before == memory_.rings.end()) continue;
      added("untraced", ring.name, ring.untraced_records, before->second.untraced_records,
            "of threads without a lane were not written");
    }
  }

  void remember() {
    memory_.known = true;
    memory_.lost = s_.books.lost;
    memory_.rejected = s_.books.rejected;
    memory_.rings.clear();
    for (const RingView& ring : s_.rings)
      memory_.rings[ring.name] = {ring.crashes_seen, ring.untraced_records};
  }

  const Snapshot& s_;
  const Config& config_;
  const AlertConfig& alerts_;
  RuleMemory& memory_;
  std::deque<Reading> out_;   // a rule holds one reading while it adds the next
};

}  // namespace

std::vector<Reading> read_figures(const Snapshot& snapshot, const Config& config,
                                  RuleMemory& memory) {
  return Readings(snapshot, config, memory).all();
}

}  // namespace ringside
