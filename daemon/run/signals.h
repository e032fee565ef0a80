// Signals, from the first instruction of main() to the last.
//
//   SIGHUP   reload      SIGUSR1  report      SIGTERM, SIGINT  stop
//
// Until the daemon can obey, SIGHUP and SIGUSR1 are blocked: they wait, and kill nobody. Every
// thread is started while all four are blocked, so the loop's thread alone takes them.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>

namespace ringside {

enum class Signal { reload, report, stop };

// Blocks all four. The first call in main(), but for the standard streams.
void hold_signals();
// Gives them back their usual effect, for a program that only prints something.
void release_signals();

// While it lives, SIGTERM and SIGINT end the process with 0, at once: nothing has begun yet that
// would have to be put in order. So a configuration that can't be read (a pipe, a dead file server)
// does not keep anybody from stopping the daemon.
class StopAtOnce {
 public:
  StopAtOnce();
  ~StopAtOnce();
  StopAtOnce(const StopAtOnce&) = delete;
  StopAtOnce& operator=(const StopAtOnce&) = delete;
};

// Hands each signal to `obey`, on the loop. Signals that came before are among them.
class Signals {
 public:
  Signals(boost::asio::io_context& loop, std::function<void(Signal)> obey);
  // To be called once all threads are started.
  void open();

 private:
  void wait();

  boost::asio::signal_set set_;
  std::function<void(Signal)> obey_;
};

}  // namespace ringside
