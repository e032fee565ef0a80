// Incidents: trouble that really happens, made from outside the server. They live on a thread of
// their own, with their own connections and books, so that they disturb the server and not the
// load.
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
  int restarted_pid = 0;  // of the server that an earlier kill-server has started; 0: none did
  std::vector<int>
      killed_pids;  // by kill-server, so that a restarted server's death is no surprise

  IncidentContext(Crowd& the_crowd, std::string the_run, std::size_t sources)
      : books(sources), crowd(the_crowd), run(std::move(the_run)) {}
};

class Incident {
 public:
  Incident(IncidentContext& context, IncidentReport& report) : context_(context), report_(report) {}
  virtual ~Incident() = default;
  // Before the load: what would keep it from working. Empty if nothing.
  virtual std::string check() { return {}; }
  // During the set-up: accounts and the like, so that the incident is nothing but itself.
  virtual void prepare() {}
  virtual bool prepared() const { return true; }
  virtual void start() = 0;
  // The trouble ends; answers may still be on their way.
  virtual void stop() = 0;
  // The end of the run: closes everything.
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

// incident_outside.cpp: done to the server without speaking to it
std::unique_ptr<Incident> make_locked_database(IncidentContext& context, IncidentReport& report);
std::unique_ptr<Incident> make_kill_server(IncidentContext& context, IncidentReport& report);
// incident_traffic.cpp: done over connections
std::unique_ptr<Incident> make_password_guessing(IncidentContext& context, IncidentReport& report);
std::unique_ptr<Incident> make_connection_surge(IncidentContext& context, IncidentReport& report);
std::unique_ptr<Incident> make_invalid_burst(IncidentContext& context, IncidentReport& report);

// Starts and stops them on time. Takes SIGINT and SIGTERM too, if told to: its thread is the one
// that always listens.
class IncidentRunner {
 public:
  // `reports` is filled while it runs, and may be read after finish().
  IncidentRunner(Crowd& crowd, const std::string& run, std::vector<IncidentReport>& reports,
                 bool take_signals);
  ~IncidentRunner();

  // Empty, or why an incident cannot work.
  std::string check();
  void start_thread();
  // Reports Progress::incidents_prepared.
  void prepare();
  void begin(std::int64_t start_ns);
  // Those that are on end; those that have not begun never will.
  void stop();
  void finish();
  const Books& books() const { return context_.books; }

 private:
  struct Slot {
    std::unique_ptr<Incident> incident;
    IncidentReport* report;
    std::unique_ptr<boost::asio::steady_timer> timer;
  };
  void start_one(Slot& slot, std::int64_t end_ns);
  void stop_one(Slot& slot);
  void report_when_prepared();
  void report_when_drained();

  IncidentContext context_;  // first: its io_context outlives the timers
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer poll_;
  std::vector<Slot> slots_;
  std::thread thread_;
  bool stopped_ = false;
};

}  // namespace ringside::load
