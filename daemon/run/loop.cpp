#include "daemon/run/loop.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <optional>

#include "daemon/outputs/own_log.h"
#include "daemon/run/service.h"
#include "daemon/run/signals.h"

namespace ringside {
namespace {

void set_log_level(const Config& config) {
  spdlog::set_level(spdlog::level::from_str(config.log_level));
}

class Loop {
 public:
  Loop(const std::string& version, const std::function<ConfigResult()>& configure,
       const Config& config, OwnLog& own_log)
      : version_(version),
        configure_(configure),
        config_(config),
        own_log_(own_log),
        signals_(io_, [this](Signal signal) { obey(signal); }),
        service_(config, version) {}

  std::optional<Failure> start() {
    if (auto failure = service_.start()) return failure;
    spdlog::info("ringsided {} (pid {}) started; state {}, alert log {}, reports {}", version_,
                 getpid(), config_.state_directory, config_.alert_log_path,
                 config_.report_directory);
    signals_.open();
    return std::nullopt;
  }

  int run() {
    io_.run();
    const Unwritten unwritten = service_.stop();
    if (unwritten.nothing()) {
      spdlog::info("stopped in order; state and reports are written");
      return EXIT_SUCCESS;
    }
    spdlog::error("stopped, but not everything could be written: {}", unwritten.text());
    return EXIT_FAILURE;
  }

 private:
  void obey(Signal signal) {
    if (signal == Signal::stop) return stop();
    if (stopping_) return;
    if (signal == Signal::reload) return reload();
    service_.write_reports();
  }

  void stop() {
    if (!stopping_) {
      stopping_ = true;
      service_.begin_stop([this] { boost::asio::post(io_, [this] { io_.stop(); }); });
      return;
    }
    // A disk that hangs would keep us for ever. A second signal means it.
    spdlog::error("stopped at once by a second signal; state and reports may not be written");
    own_log_.wait_until_written();
    _exit(EXIT_FAILURE);
  }

  // A wrong configuration changes nothing. The logs are still reopened, because they may have been
  // rotated.
  void reload() {
    ConfigResult next = configure_();
    if (!next.errors.empty()) {
      for (const std::string& error : next.errors) spdlog::error("{}", error);
      spdlog::error("the configuration is refused, the old one stays in force; logs reopened");
      service_.reopen_logs();
      return;
    }
    if (next.config.state_directory != config_.state_directory) {
      spdlog::warn("state.directory cannot change while the daemon runs: {} stays\n"
                   "  next: restart the daemon for {}",
                   config_.state_directory, next.config.state_directory);
      next.config.state_directory = config_.state_directory;
    }
    config_ = next.config;
    set_log_level(config_);
    service_.reconfigure(config_);
    spdlog::info("configuration reloaded, logs reopened");
  }

  const std::string version_;
  const std::function<ConfigResult()> configure_;
  Config config_;
  OwnLog& own_log_;
  boost::asio::io_context io_;
  Signals signals_;
  Service service_;
  bool stopping_ = false;
};

}  // namespace

int run_daemon(const std::string& version, const std::function<ConfigResult()>& configure,
               const Config& config) {
  OwnLog own_log("ringsided");
  set_log_level(config);
  Loop loop(version, configure, config, own_log);
  if (const auto failure = loop.start()) {
    own_log.say("ringsided: " + failure->message);
    return EXIT_FAILURE;
  }
  return loop.run();
}

}  // namespace ringside
