// The API of the daemon: the HTTP server, and the threads that render and read for it.
//
//   drain thread ── publish() ──> the latest snapshot ──> what happened ──> streams
//   server's thread ── asks ──> routes: at once, or on a worker that may wait ──> answer
//   worker ── DrainDesk ──> drain thread, between two passes
//
// Nothing here can hold the drain up: publish() leaves a pointer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/alerts/sink.h"
#include "daemon/config/http_config.h"
#include "daemon/run/drain_desk.h"
#include "report/model/snapshot.h"
#include "shm/failure.h"

namespace ringside {

class Api final : public AlertSink {
 public:
  struct Surroundings {
    std::string history;  // the file; empty: there is no history
    // One line why it can't be written at present; empty: it can. From any thread.
    std::function<std::string()> history_problem;
    std::function<std::string()> log_problem;
    DrainDesk::Ask ask;  // about alerts
  };

  Api();
  ~Api() override;  // stops
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // Does nothing where http.enabled is false. Refuses what HttpServer refuses.
  std::optional<Failure> start(const HttpConfig& config, Surroundings surroundings);
  // Any thread; snapshots come in their order. Never waits.
  void publish(std::shared_ptr<const Snapshot> snapshot);
  // Lines of the alert log, on the drain thread. Never waits.
  void tell(const std::vector<AlertTransition>& transitions) override;
  // Reads tokens and certificate again. What else has changed is told to need a restart.
  void reconfigure(const HttpConfig& config);
  // Answers what is under way, within two seconds. A read of the history that has begun ends first,
  // whoever waits for it. Nothing is published or asked after it.
  void stop();

 private:
  class Running;
  std::unique_ptr<Running> running_;  // null: it is off
};

}  // namespace ringside
