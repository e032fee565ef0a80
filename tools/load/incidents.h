// Incidents: real trouble, made from outside the server. They live on their own thread, with their
// own connections and books. So they disturb the server and not the load.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tools/load/crowd.h"

namespace ringside::load {

// What all incidents of a run share.
struct IncidentContext {
  boost::asio::io_context io{1};
  Books books;
  Crowd& crowd;
  std::string run;
  std::uint64_t open_lines = 0;
  int restarted_pid = 0;  // the server that an earlier kill-server has started; 0: none
  // Servers that kill-server has killed: the end of one that was restarted before is no failure.
  std::vector<int> killed_pids;

  IncidentContext(Crowd& the_crowd, std::string the_run, std::size_t sources)
      : books(sources), crowd(the_crowd), run(std::move(the_run)) {}
};

class Incident {
 public:
  Incident(IncidentContext& context, IncidentReport& report) : context_(context), report_(report) {}
  virtual ~Incident() = default;
  // Before the load. Returns what would keep the incident from working; empty if nothing does.
  virtual std::string check() { return {}; }
  // During the set-up: makes accounts and the like. The incident itself then does nothing else.
  virtual void prepare() {}
  virtual bool prepared() const { return true; }
  virtual void start() = 0;
  // Ends the trouble. Answers may still be on their way.
  virtual void stop() = 0;
  // At the end of the run: closes everything.
  virtual void finish() {}

 protected:
  void fail(std::string why) {
    if (report_.failure.empty()) report_.failure = std::move(why);
  }
  void tell(std::string figure, std::int64_t value) {
    report_.figures.emplace_back(std::move(figure), value);
  }

  IncidentContext& context_;
  IncidentReport& report_;
};

// incident_outside.cpp: done to the server without speaking its protocol.
std::unique_ptr<Incident> make_locked_database(IncidentContext& context, IncidentReport& report);
std::unique_ptr<Incident> make_kill_server(IncidentContext& context, IncidentReport& report);
// incident_traffic.cpp: done over connections.
std::unique_ptr<Incident> make_password_guessing(IncidentContext& context, IncidentReport& report);
std::unique_ptr<Incident> make_connection_surge(IncidentContext& context, IncidentReport& report);
std::unique_ptr<Incident> make_invalid_burst(IncidentContext& context, IncidentReport& report);

// Starts and stops the incidents on time. Also takes SIGINT and SIGTERM, if told to, because its
// thread always listens.
class IncidentRunner {
 public:
  // `reports` is filled during the run and may be read after finish().
  IncidentRunner(Crowd& crowd, const std::string& run, std::vector<IncidentReport>& reports,
                 bool take_signals);
  ~IncidentRunner();

  // Returns why an incident cannot work. Empty if all can.
  std::string check();
  void start_thread();
  // Sets Progress::incidents_prepared when all are prepared.
  void prepare();
  void begin(std::int64_t start_ns);
  // Ends the incidents that are under way. The others never begin.
  void stop();
  void finish();
  const Books& books() const { return context_.books; }

 private:
  struct Slot {
    std::unique_ptr<Incident> incident;
    IncidentReport* report;
    std::unique_ptr<boost::asio::steady_timer> timer;
  };
  void start_one(Slot& slot);
  void stop_one(Slot& slot);
  void report_when_prepared();
  void report_when_drained();

  IncidentContext context_;  // first, so that its io_context outlives the timers
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer poll_;
  std::vector<Slot> slots_;
  std::thread thread_;
  bool stopped_ = false;
};

}  // namespace ringside::load
