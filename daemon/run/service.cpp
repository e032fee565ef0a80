#include "daemon/run/service.h"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdio>
#include <random>
#include <utility>
#include <vector>

#include "daemon/history/baseline.h"
#include "report/model/format.h"
#include "shm/assert.h"
#include "shm/clock.h"

namespace ringside {
namespace {

IoOptions io_options(const Config& config) {
  IoOptions options;
  options.alert_log_path = config.alert_log_path;
  options.alert_log_transitions = config.alert_log_transitions;
  options.alert_log_format =
      config.alert_log_format == "json" ? AlertLogFormat::json : AlertLogFormat::logfmt;
  options.reports = {config.report_directory, config.report_formats, config.report_keep,
                     config.history_enabled ? config.history_path : "", config.report_keep_daily};
  options.state_path = config.state_directory + "/state";
  options.dead_rings = {config.state_directory + "/rings", config.dead_rings_keep,
                        config.dead_rings_max_bytes};
  return options;
}

HistoryOptions history_options(const Config& config) {
  HistoryOptions options;
  options.path = config.history_path;
  options.limits = {config.history_minutes_ns / kSecond, config.history_hours_ns / kSecond,
                    config.history_max_bytes};
  return options;
}

RegressionOptions regression_options(const std::string& history_path, std::int64_t kept_s) {
  RegressionOptions options;
  options.kept_s = kept_s;
  const BaselineResult pinned = read_baseline(history_path);
  if (pinned.failure) {
    spdlog::error("{}\n  the past week is what is usual, until the daemon starts again",
                  pinned.failure->message);
  }
  if (pinned.baseline) {
    options.pinned_begin_wall_s = pinned.baseline->begin_wall_s;
    options.pinned_end_wall_s = pinned.baseline->end_wall_s;
  }
  return options;
}

}  // namespace

Service::Service(const Config& config, std::string version, WriteFile write)
    : state_directory_(config.state_directory),
      intervals_(DrainThread::Intervals::of(config)),
      receivers_(receivers_of(config, version)),
      io_options_(io_options(config)),
      version_(version),
      io_(std::move(write)),
      delivery_(std::random_device{}()),
      history_enabled_(config.history_enabled),
      history_options_(history_options(config)),
      http_config_(config.http),
      otlp_target_(otlp_of(config, version)),
      otlp_(std::random_device{}()),
      monitor_(config, std::move(version), read_instant(), io_, {&io_, &delivery_, &api_}),
      drain_(monitor_) {}

Service::~Service() {
  if (started_) stop();
}

std::optional<Failure> Service::start() {
  RINGSIDE_ASSERT(here_.is_current() && !started_);
  if (auto failure = make_directories(state_directory_)) return failure;
  Failure failure;
  lock_ = DirectoryLock::acquire(state_directory_, &failure);
  if (!lock_) return failure;
  for (const auto* errors : {&receivers_.errors, &otlp_target_.errors}) {
    if (!errors->empty()) return Failure{0, errors->front()};
  }
  if (auto failed = restore()) return failed;
  if (auto failed = start_api()) return failed;
  if (auto failed = io_.start(io_options_, monitor_.left_lines())) {
    api_.stop();
    return failed;
  }
  started_ = true;
  io_.try_reports();
  start_history();
  tell_receivers();
  tell_collector();
  drain_.on_publish([this](std::shared_ptr<const Snapshot> snapshot) {
    otlp_.show(snapshot);
    api_.publish(std::move(snapshot));
  });
  drain_.start(intervals_, [this](LastWords last) {
    delivery_.finish([this] { one_ended(); });
    otlp_.finish([this] { one_ended(); });
    if (history_.running()) history_.begin_finish([this] { one_ended(); });
    io_.finish(std::move(last), [this] { one_ended(); });
  });
  return std::nullopt;
}

// A history that can't be kept keeps nobody from being told of alerts.
void Service::start_history() {
  if (!history_enabled_) return;
  auto failure = make_directories(directory_of(history_options_.path));
  if (!failure) failure = history_.start(history_options_);
  if (failure) {
    spdlog::error("{}\n  the daemon goes on without a history", failure->message);
    return;
  }
  history_runs_ = true;
  ++at_work_;
  monitor_.record_history([this](std::shared_ptr<const HistoryBatch> batch) {
    return history_.hand_over(std::move(batch));
  });
  monitor_.watch_regressions(
      replay_.start(history_options_.path,
                    regression_options(history_options_.path, monitor_.kept_regressions_s()),
                    read_instant().realtime_ns / kSecond));
}

// Before all other threads: a certificate that can't be read, or an address that must not be
// listened on, is a mistake of the configuration.
std::optional<Failure> Service::start_api() {
  Api::Surroundings surroundings;
  if (history_enabled_) surroundings.history = history_options_.path;
  surroundings.history_problem = [this]() -> std::string {
    if (!history_enabled_) return "";
    if (!history_runs_) return "it could not be opened when the daemon began";
    return history_.failing() ? "its last minutes wait; the daemon's own log says why" : "";
  };
  surroundings.log_problem = [this]() -> std::string {
    return io_.log_failing() ? "its lines wait; the daemon's own log says why" : "";
  };
  surroundings.ask = [this](DrainThread::AlertCall call) { drain_.ask_to_handle(std::move(call)); };
  if (auto failed = api_.start(http_config_, std::move(surroundings))) return failed;
  return std::nullopt;
}

// All these threads come here. The last one tells the caller of begin_stop().
void Service::one_ended() {
  if (at_work_.fetch_sub(1, std::memory_order_acq_rel) == 1 && ended_) ended_();
}

void Service::tell_receivers() {
  for (const std::string& warning : receivers_.warnings) spdlog::warn("{}", warning);
  if (receivers_.errors.empty()) {
    delivery_.reconfigure(std::move(receivers_.options));
  } else {
    for (const std::string& error : receivers_.errors) spdlog::error("{}", error);
    spdlog::error("receivers stay as they were");
  }
  receivers_ = {};
}

void Service::tell_collector() {
  for (const std::string& warning : otlp_target_.warnings) spdlog::warn("{}", warning);
  if (otlp_target_.errors.empty()) {
    otlp_.reconfigure(std::move(otlp_target_.options));
  } else {
    for (const std::string& error : otlp_target_.errors) spdlog::error("{}", error);
    spdlog::error("the collector stays as it was");
  }
  otlp_target_ = {};
}

std::optional<Failure> Service::restore() {
  const std::string& path = io_options_.state_path;
  Failure failure;
  const auto bytes = read_whole_file(path, &failure);
  if (!bytes) {
    if (failure.error_number == ENOENT) return std::nullopt;
    return failure;
  }
  SavedState saved;
  std::string why;
  if (decode_state(*bytes, &saved, &why) && monitor_.restore(saved, read_instant(), &why)) {
    spdlog::info("goes on from the state of {}, counting since {}",
                 format_wall(saved.meta.saved_wall_ns), format_wall(saved.meta.since_wall_ns));
    return std::nullopt;
  }
  const std::string aside = path + ".damaged";
  if (rename(path.c_str(), aside.c_str()) != 0) {
    return system_failure(path, "cannot move the damaged state aside", errno);
  }
  spdlog::error("{}: {}\n  moved to {}; counting begins anew", path, escape_visible(why), aside);
  return std::nullopt;
}

void Service::begin_stop(std::function<void()> ended) {
  RINGSIDE_ASSERT(running());
  stopping_ = true;
  ended_ = std::move(ended);   // the lock of the request below makes the drain thread see it
  drain_.stop();
}

Unwritten Service::stop() {
  RINGSIDE_ASSERT(here_.is_current() && started_);
  if (!stopping_) begin_stop({});
  drain_.join();
  started_ = false;
  api_.stop();
  Unwritten unwritten = io_.join();
  delivery_.join();
  otlp_.join();
  unwritten.minutes = history_.finish();
  replay_.stop();
  lock_.reset();
  return unwritten;
}

bool Service::running() const {
  RINGSIDE_ASSERT(here_.is_current() && started_);
  return !stopping_;
}

void Service::write_reports() {
  if (running()) drain_.ask_for_report();
}

void Service::reopen_logs() {
  if (running()) io_.reopen(io_options_);
}

void Service::reconfigure(const Config& config) {
  RINGSIDE_ASSERT(config.state_directory == state_directory_);
  if (!running()) return;
  io_options_ = io_options(config);
  io_.reopen(io_options_);
  io_.try_reports();
  receivers_ = receivers_of(config, version_);
  tell_receivers();
  otlp_target_ = otlp_of(config, version_);
  tell_collector();
  const HistoryOptions history = history_options(config);
  if (config.history_enabled != history_enabled_ || history.path != history_options_.path) {
    spdlog::warn(
        "history.enabled and history.path cannot change while the daemon runs: the "
        "history stays {}\n  next: restart the daemon",
        history_enabled_ ? "at " + history_options_.path : "off");
  }
  history_options_.limits = history.limits;
  if (history_.running()) history_.set_limits(history.limits);
  drain_.reconfigure(config);
  api_.reconfigure(config.http);
}

}  // namespace ringside
