// The chat server: threads at four stations, and the requests that go from one to the next.
//
//   front (4)      queue, validation, security
//   passwords (2)  hashing, for AUTHENTICATION and REGISTRATION
//   readers (4)    reading transactions
//   writer (1)     writing transactions: database.h
//
// A long poll leaves the front and is answered by nobody's thread. The thread that ends an
// operation records it in its lane.
#pragma once

#include <array>
#include <deque>
#include <functional>

#include "tools/simulate/database.h"
#include "tools/simulate/guard.h"
#include "tools/simulate/request.h"
#include "tools/simulate/site.h"

namespace ringside::simulate {

class Server {
 public:
  // `answered` is told of each request whose client gets its answer.
  Server(Site& site, std::function<void(const Request&)> answered);

  // A request arrives. A server that is down takes none: false.
  bool take(Request request);

  void thread_done(std::uint32_t thread, std::uint32_t stamp);
  void news(std::uint32_t request, std::uint32_t stamp);
  Database& database() { return database_; }
  const Database& database_now() const { return database_; }

  // The process ends at once, with all that it was doing; and starts again.
  void end();
  void start();
  // The process is stopped for that long.
  void freeze(Ns span);
  void thaw();
  bool up() const { return up_; }

  // One for each lane. `request` is null where the thread is idle.
  struct Thread {
    const char* name;
    const Request* request;
    Ns since;
  };
  std::vector<Thread> threads() const;
  // Seconds of processor time used since the process started.
  double cpu_seconds() const { return cpu_seconds_; }

 private:
  enum class Station : std::uint8_t { front, passwords, readers, writer };
  static constexpr std::size_t kPooled = 3;  // stations whose threads are alike
  static constexpr std::array<std::uint32_t, kPooled + 1> kThreads = {4, 2, 4, 1};
  static constexpr std::uint32_t first_thread(Station station) {
    return station == Station::front       ? 0
           : station == Station::passwords ? 4
           : station == Station::readers   ? 6
                                           : 10;
  }
  static Station station_of(std::uint32_t thread) {
    return thread < 4    ? Station::front
           : thread < 6  ? Station::passwords
           : thread < 10 ? Station::readers
                         : Station::writer;
  }
  static_assert(Ring::kLanes == 11);

  struct Work {
    std::uint32_t request = kNobody;
    Ns since = 0;
    Ns span = 0;
  };

  void enqueue(Station station, std::uint32_t request);
  void dispatch(Station station);
  void begin(std::uint32_t thread, std::uint32_t request);
  Ns front_span(Request& request);
  Ns password_span(Request& request);
  Ns stuck_for(std::uint32_t thread) const;
  void after_front(std::uint32_t request);
  void to_database(std::uint32_t request);
  void finish(std::uint32_t request, std::uint32_t lane);
  void conclude(std::uint32_t request, std::uint32_t lane);
  void refuse_or_fail(Request& request);
  double us(double median, double sigma);

  Site& site_;
  const std::function<void(const Request&)> answered_;
  Requests requests_;
  Database database_;
  Guard guard_;
  std::array<std::deque<std::uint32_t>, kPooled> queues_;
  std::array<Work, Ring::kLanes> work_{};
  bool up_ = true;
  bool frozen_ = false;
  std::uint32_t life_ = 1;
  double cpu_seconds_ = 0;
};

}  // namespace ringside::simulate
