// Signals, from the first instruction of main() to the last.
//
//   SIGHUP   reload      SIGUSR1  report      SIGTERM, SIGINT  stop
//
// Until the daemon can obey, SIGHUP and SIGUSR1 are blocked: they wait and kill nobody. All threads
// start while all four signals are blocked, so only the loop's thread takes them.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>

namespace ringside {

enum class Signal { reload, report, stop };

// Blocks all four. The first call in main(), after the standard streams.
void hold_signals();
// Gives the signals back their default effect, for a program that only prints something.
void release_signals();

// For as long as it lives, SIGTERM and SIGINT end the process at once with 0. Nothing has begun yet
// that must be put in order. So a configuration that can't be read (a pipe, a dead file server)
// does not prevent a stop.
class StopAtOnce {
 public:
  StopAtOnce();
  ~StopAtOnce();
  StopAtOnce(const StopAtOnce&) = delete;
  StopAtOnce& operator=(const StopAtOnce&) = delete;
};

// Hands each signal to `obey`, on the loop. This includes signals that came before.
class Signals {
 public:
  Signals(boost::asio::io_context& loop, std::function<void(Signal)> obey);
  // Call it when all threads are started.
  void open();

 private:
  void wait();

  boost::asio::signal_set set_;
  std::function<void(Signal)> obey_;
};

}  // namespace ringside
