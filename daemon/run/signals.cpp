#include "daemon/run/signals.h"

#include <signal.h>
#include <unistd.h>

#include <initializer_list>
#include <utility>

namespace ringside {
namespace {

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

void change_mask(int how, std::initializer_list<int> signals) {
  const sigset_t set = set_of(signals);
  pthread_sigmask(how, &set, nullptr);
}

Signal meaning_of(int number) {
  if (number == SIGHUP) return Signal::reload;
  if (number == SIGUSR1) return Signal::report;
  return Signal::stop;
}

}  // namespace

void hold_signals() {
  change_mask(SIG_BLOCK, {SIGHUP, SIGUSR1, SIGTERM, SIGINT});
  // The reader of our standard error may leave. That is no reason to die.
  signal(SIGPIPE, SIG_IGN);
}

void release_signals() {
  signal(SIGPIPE, SIG_DFL);
  change_mask(SIG_UNBLOCK, {SIGHUP, SIGUSR1, SIGTERM, SIGINT});
}

StopAtOnce::StopAtOnce() {
  for (const int number : {SIGTERM, SIGINT}) signal(number, [](int) { _exit(0); });
  change_mask(SIG_UNBLOCK, {SIGTERM, SIGINT});
}

StopAtOnce::~StopAtOnce() {
  change_mask(SIG_BLOCK, {SIGTERM, SIGINT});
  for (const int number : {SIGTERM, SIGINT}) signal(number, SIG_DFL);
}

Signals::Signals(boost::asio::io_context& loop, std::function<void(Signal)> obey)
    : set_(loop, SIGHUP, SIGUSR1, SIGTERM), obey_(std::move(obey)) {
  set_.add(SIGINT);
  wait();
}

void Signals::open() { change_mask(SIG_UNBLOCK, {SIGHUP, SIGUSR1, SIGTERM, SIGINT}); }

void Signals::wait() {
  set_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;   // the loop ends
    wait();
    obey_(meaning_of(number));
  });
}

}  // namespace ringside
