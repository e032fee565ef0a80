// One thread of the load. It has its share of the clients (client c belongs to thread c mod
// threads), keeps their books, and sends what the schedule has for them.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tools/load/chatter.h"
#include "tools/load/crowd.h"
#include "tools/load/schedule.h"

namespace ringside::load {

class Worker {
 public:
  Worker(Crowd& crowd, const std::string& run, std::uint32_t index, std::size_t sources);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // The main thread calls these. Each is carried out on the worker's thread.
  void start_thread();
  void set_up();
  void move_in();                      // after every worker's clients are at the barrier
  void begin(std::int64_t start_ns);
  void stop_sending();
  void finish();  // closes everything and joins; after it books() may be read

  // The clients call these, on the worker's thread.
  boost::asio::io_context& io() { return io_; }
  Books& books() { return books_; }
  Crowd& crowd() { return crowd_; }
  Neighbourhood& hood() { return hood_; }
  void line_opened() { ++open_lines_; }
  void line_closed(std::int32_t turn);
  void set_up_moved();
  void client_at_barrier();
  void client_ready();
  void client_back(std::uint32_t client);
  void client_gave_up(const std::string& why);
  void fail_set_up(const std::string& why);

 private:
  Chatter* chatter_of(std::uint32_t client);
  bool mine(std::uint32_t client) const { return client % threads_ == index_; }
  void set_up_next();
  void find_next_plan();
  void send_due();
  void take_turn(std::uint32_t client);
  void perform(const Plan& plan, std::int64_t intended_ns, std::int32_t turn);
  Chatter* performer_of(const Plan& plan);
  void send_keep_alives();
  void check_done();
  void check_drained();

  boost::asio::io_context io_;  // first: it must outlive the sockets
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  Crowd& crowd_;
  const std::uint32_t index_;
  const std::uint32_t threads_;
  const bool open_loop_;
  Books books_;
  Neighbourhood hood_;
  Schedule schedule_;
  boost::asio::steady_timer due_;
  boost::asio::steady_timer keep_alive_;
  std::vector<std::unique_ptr<Chatter>> chatters_;
  std::thread thread_;

  std::uint32_t set_up_begun_ = 0;
  std::uint32_t set_up_at_once_;
  std::int64_t start_ns_ = 0;
  bool sending_ = false;
  bool stopped_ = false;
  bool reported_done_ = false;
  bool reported_drained_ = false;
  std::uint64_t open_lines_ = 0;

  // Open loop.
  Plan plan_;
  bool has_plan_ = false;
  // Closed loop. For each client of this thread: how many turns it has begun, and whether one is
  // open.
  std::vector<std::uint64_t> turns_;
  std::vector<bool> turn_open_;
};

}  // namespace ringside::load
