#include "daemon/run/service.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <utility>

#include "daemon/rings/pacing.h"
#include "report/model/format.h"

namespace ringside {
namespace {

WatchOptions watch_options(const Config& config) { return {config.rings, config.last, config.top, config.any_owner}; }

// Everything that the state depends on, except the time.
std::vector<std::uint64_t> figures_of(const Snapshot& s) {
  std::vector<std::uint64_t> figures = {s.books.written, s.books.read, s.books.lost, s.books.torn, s.books.rejected};
  for (const auto* series : {&s.operations, &s.events}) {
    for (const SeriesView& one : *series) figures.push_back(one.server_count);
  }
  for (const RingView& ring : s.rings) {
    figures.insert(figures.end(), {ring.instances_seen, ring.crashes_seen, ring.untraced_records,
                                   static_cast<std::uint64_t>(ring.state), std::hash<std::string>{}(ring.instance)});
  }
  for (const GaugeView& gauge : s.gauges) figures.push_back(static_cast<std::uint64_t>(gauge.max));
  figures.push_back(s.transitions_forgotten + s.transitions.size());
  // An episode's bits and timers change at every tick.
  if (!s.alerts.empty()) figures.push_back(s.tick);
  return figures;
}

}  // namespace

Service::Service(const Config& config, std::string version)
    : version_(std::move(version)),
      config_(config),
      config_text_(print_config(config, Comments::without)),
      watch_(watch_options(config)),
      alerts_(config) {}

Service::~Service() { stop(); }

IoOptions Service::io_options(const Config& config) const {
  IoOptions options;
  options.alert_log_path = config.alert_log_path;
  options.alert_log_format = config.alert_log_format == "json" ? AlertLogFormat::json : AlertLogFormat::logfmt;
  options.reports = {config.report_directory, config.report_formats, config.report_keep};
  options.state_path = config.state_directory + "/state";
  return options;
}

std::optional<Failure> Service::start() {
  if (auto failure = make_directories(config_.state_directory)) return failure;
  Failure failure;
  lock_ = DirectoryLock::acquire(config_.state_directory, &failure);
  if (!lock_) return failure;
  const Instant now = read_instant();
  started_wall_ns_ = now.realtime_ns;
  started_ns_ = now.monotonic_ns;
  meta_.since_wall_ns = now.realtime_ns;
  io_options_ = io_options(config_);
  if (auto failed = restore()) return failed;
  if (auto failed = io_.start(io_options_)) return failed;
  // At full multiples of the wall clock: the one that is running has had its report, or never will.
  if (config_.report_interval_ns > 0) report_slot_ = now.realtime_ns / config_.report_interval_ns;
  thread_ = std::thread([this] { run(); });
  return std::nullopt;
}

std::optional<Failure> Service::restore() {
  const std::string& path = io_options_.state_path;
  Failure failure;
  const auto bytes = read_whole_file(path, &failure);
  if (!bytes) {
    if (failure.error_number == ENOENT) return std::nullopt;
    return failure;
  }
  const Instant now = read_instant();
  SavedState saved;
  std::string why;
  AlertEngine alerts(config_);
  // All of it or nothing: the last one to be asked takes nothing when it fails.
  if (decode_state(*bytes, &saved, &why) && alerts.decode(saved.alerts, &why) &&
      watch_.decode(saved.watch, now, &why)) {
    alerts_ = std::move(alerts);
    meta_ = saved.meta;
    ++meta_.restarts;
    spdlog::info("goes on from the state of {}, counting since {}", format_wall(meta_.saved_wall_ns),
                 format_wall(meta_.since_wall_ns));
    return std::nullopt;
  }
  const std::string aside = path + ".damaged";
  if (rename(path.c_str(), aside.c_str()) != 0) {
    return system_failure(path, "cannot move the damaged state aside", errno);
  }
  spdlog::error("{}: {}\n  moved to {}; counting begins anew", path, escape_visible(why), aside);
  return std::nullopt;
}

void Service::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  bell_.ring();
  thread_.join();
  io_.finish();
}

std::shared_ptr<const Snapshot> Service::snapshot() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

void Service::write_reports() {
  {
    const std::lock_guard lock(mutex_);
    report_ = true;
  }
  bell_.ring();
}

void Service::reopen_logs() {
  const std::lock_guard lock(mutex_);
  io_.reopen(io_options_);
}

void Service::reconfigure(const Config& config) {
  {
    const std::lock_guard lock(mutex_);
    next_config_ = config;
    io_options_ = io_options(config);
    io_.reopen(io_options_);
  }
  bell_.ring();
}

// Until the pause is over, somebody asks for something, or a new file is in a ring's directory. True when something was
// asked for.
bool Service::sleep(std::int64_t pause_ns) {
  bell_.sleep(pause_ns, directories_.fd());
  const std::lock_guard lock(mutex_);
  return stop_ || report_ || next_config_.has_value();
}

void Service::apply(const Config& config) {
  const bool new_schedule = config.report_interval_ns != config_.report_interval_ns;
  config_ = config;
  config_text_ = print_config(config_, Comments::without);
  watch_.reconfigure(watch_options(config_));
  directories_.follow(watch_.wanted_files());
  alerts_.reconfigure(config_);
  if (new_schedule && config_.report_interval_ns > 0) {
    report_slot_ = clock_ns(CLOCK_REALTIME) / config_.report_interval_ns;
  }
}

void Service::run() {
  Pacing pacing;
  directories_.follow(watch_.wanted_files());
  std::int64_t last_pass_ns = clock_ns(CLOCK_MONOTONIC);
  std::int64_t next_tick_ns = last_pass_ns;
  for (;;) {
    const Instant now = read_instant();
    DirectoryWatch::Changes changes = directories_.take();
    const PassResult pass = watch_.pass(now, {std::move(changes.appeared), changes.unsure});
    if (pass.attached) pacing.begin_anew();
    ++passes_;
    if (now.monotonic_ns >= next_tick_ns) {
      tick(now);
      directories_.follow(watch_.wanted_files());   // one that was not there may be there now
      next_tick_ns += config_.tick_ns;
      // Ticks that were missed (the machine was stopped) are not made up for: they would be of no time at all.
      if (next_tick_ns <= now.monotonic_ns) next_tick_ns = now.monotonic_ns + config_.tick_ns;
    }
    const std::int64_t pause_ns = pacing.next_pause_ns(pass.fullest, now.monotonic_ns - last_pass_ns);
    last_pass_ns = now.monotonic_ns;
    // What the pass itself took is part of the pause.
    const std::int64_t until_ns = std::min(now.monotonic_ns + pause_ns, next_tick_ns);
    if (!sleep(std::max<std::int64_t>(until_ns - clock_ns(CLOCK_MONOTONIC), 0))) continue;

    std::unique_lock lock(mutex_);
    const auto config = std::exchange(next_config_, std::nullopt);
    const bool report = std::exchange(report_, false);
    const bool stop = stop_;
    lock.unlock();
    if (config) {
      apply(*config);
      next_tick_ns = std::min(next_tick_ns, now.monotonic_ns + config_.tick_ns);
    }
    if (stop) break;
    if (report && !io_.write_reports(look(read_instant(), Evaluate::no), IoWorker::When::if_free)) {
      io_.say(spdlog::level::warn, "a report is asked for while two are waiting to be written; not written once more");
    }
  }
  const Instant now = read_instant();
  sample(now);
  const auto last = look(now, Evaluate::yes);
  io_.write_reports(last, IoWorker::When::in_any_case);
  save_state(now, *last, IoWorker::When::in_any_case);
}

void Service::sample(const Instant& now) {
  std::vector<SystemSampler::Target> targets;
  for (const RingProcess& process : watch_.processes()) {
    targets.push_back({process.ring, process.pid, process.start_time});
  }
  sample_ = sampler_.sample(targets, now.monotonic_ns, clock_ns(CLOCK_BOOTTIME));
}

void Service::fill_in(Snapshot& snapshot, const Instant& now) const {
  snapshot.processes = sample_.processes;
  snapshot.host = sample_.host;
  snapshot.daemon.version = version_;
  snapshot.daemon.pid = static_cast<std::uint32_t>(getpid());
  snapshot.daemon.started_wall_ns = started_wall_ns_;
  snapshot.daemon.uptime_seconds = static_cast<double>(now.monotonic_ns - started_ns_) / 1e9;
  snapshot.daemon.state_since_wall_ns = meta_.since_wall_ns;
  snapshot.daemon.restarts = meta_.restarts;
  snapshot.daemon.cpu_percent = sample_.own_cpu_percent;
  snapshot.daemon.resident_bytes = sample_.own_resident_bytes;
  snapshot.daemon.passes = passes_;
  snapshot.configuration = config_text_;
  snapshot.thresholds = config_.thresholds;
}

// A snapshot, complete and published. Between two ticks (for a report on request) alerts are shown and not
// evaluated, so that three of five ticks stay fifteen seconds however often somebody asks.
std::shared_ptr<const Snapshot> Service::look(const Instant& now, Evaluate evaluate) {
  auto snapshot = std::make_shared<Snapshot>(watch_.tick(now));
  fill_in(*snapshot, now);
  if (evaluate == Evaluate::yes) {
    auto transitions = alerts_.evaluate(*snapshot, now.monotonic_ns, now.realtime_ns);
    if (!transitions.empty()) io_.log_alerts(std::move(transitions));
  }
  alerts_.show(*snapshot);
  const std::lock_guard lock(mutex_);
  published_ = snapshot;
  return snapshot;
}

void Service::tick(const Instant& now) {
  sample(now);
  const auto snapshot = look(now, Evaluate::yes);
  follow_rings(*snapshot);
  note_reports(*snapshot);
  save_state(now, *snapshot, IoWorker::When::if_free);
}

// Written at full multiples of the interval, so that hourly reports are of full hours.
void Service::note_reports(const Snapshot& snapshot) {
  if (config_.report_interval_ns <= 0) return;
  const std::int64_t slot = snapshot.wall_ns / config_.report_interval_ns;
  if (slot == std::exchange(report_slot_, slot)) return;
  if (!io_.write_reports(this->snapshot(), IoWorker::When::if_free)) {
    io_.say(spdlog::level::warn, "the scheduled report is left out: two are still waiting to be written");
  }
}

void Service::follow_rings(const Snapshot& snapshot) {
  for (const RingView& ring : snapshot.rings) {
    std::string now = name_of(ring.state);
    if (ring.live()) {
      now = fmt::format("live: {}, pid {}, instance {}", escape_visible(ring.program), ring.pid, ring.instance);
    } else if (!ring.problem.empty()) {
      now += ": " + ring.problem;   // with a second line that says what to do
    }
    std::string& said = ring_states_[ring.name];
    if (said == now) continue;
    said = now;
    const bool bad = ring.state == RingState::refused || ring.state == RingState::crashed;
    io_.say(bad ? spdlog::level::warn : spdlog::level::info, fmt::format("ring {}: {}", ring.name, now));
  }
}

void Service::save_state(const Instant& now, const Snapshot& snapshot, IoWorker::When when) {
  std::vector<std::uint64_t> figures = figures_of(snapshot);
  if (when == IoWorker::When::if_free) {
    if (now.monotonic_ns - saved_ns_ < config_.state_interval_ns || figures == saved_figures_) return;
  }
  meta_.saved_wall_ns = now.realtime_ns;
  if (!io_.save_state({watch_.encode(now), alerts_.encode(), meta_}, when)) return;
  saved_figures_ = std::move(figures);
  saved_ns_ = now.monotonic_ns;
}

}  // namespace ringside
