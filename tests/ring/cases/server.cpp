// A small traced server, for the cases that need real programs. Its argument is `plain`, `hostile`
// or `again`. A hostile server fills every text with what an attacker would choose: bytes that
// steer the operator's terminal, or that write forged lines into the log. The server prints
// "traced", or why it is not, and traces until SIGTERM. With `again` it writes 777 records instead,
// and begins anew by exec at SIGUSR1: the call is made by its first thread, or at SIGUSR2 by
// another one.
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

#include "producer/ringside.hpp"

using namespace ringside;

namespace {

// Moves the cursor; forges a line; sets a title; runs text backwards; holds bytes that are not
// text, and a control character of two bytes; ends JSON and HTML early. The tables cut names off,
// so each name begins with another part.
const std::string kParts[] = {
    "\x1b[2J\x1b[31mRED",
    "\r\nts=2020-01-01T00:00:00.000Z level=info",
    "\x1b]0;owned\x07",
    "\u202egnidnatsrednu",
    "\xff\xfe\x80\xc2\x9b\x7f",
    "\"}],\"x\":[{\"</script>",
};

std::string evil(unsigned from) {
  std::string all;
  for (unsigned i = 0; i < 6; ++i) all += kParts[(from + i) % 6];
  return all;
}

constexpr int kRecordsOfALife = 777;

// Returns at SIGTERM.
void live_again_and_again(OperationId id, const sigset_t& signals, char** argv) {
  for (int i = 0; i < kRecordsOfALife; ++i) Operation(id).finish(Outcome::ok);
  std::printf("traced\n");
  std::fflush(stdout);
  int signal = 0;
  if (sigwait(&signals, &signal) != 0 || signal == SIGTERM) return;
  const auto begin_anew = [&] { execv("/proc/self/exe", argv); };
  if (signal == SIGUSR1) begin_anew();
  std::thread(begin_anew).join();
}

}  // namespace

int main(int argc, char** argv) {
  const bool hostile = argc > 1 && std::strcmp(argv[1], "hostile") == 0;
  const bool again = argc > 1 && std::strcmp(argv[1], "again") == 0;
  // Signals are blocked in every thread, so that whoever waits for them gets them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  if (again) {
    sigaddset(&signals, SIGUSR1);
    sigaddset(&signals, SIGUSR2);
  }
  sigprocmask(SIG_BLOCK, &signals, nullptr);

  Setup setup;
  setup.program = hostile ? evil(0) : "cases-server";
  if (!start(setup)) std::printf("not traced: %s\n", why_untraced().c_str());
  OperationId operations[6];
  EventId events[6];
  for (unsigned i = 0; i < 6; ++i) {
    const std::string name = hostile ? evil(i) : "PLAIN_" + std::to_string(i);
    const std::string stage = hostile ? kParts[i] : "stage";
    operations[i] = register_operation(name, hostile ? kParts[i] : "plain", {stage});
    events[i] = register_event(name);
    register_error(static_cast<std::uint16_t>(1 + i),
                   hostile ? evil(i) : "ERROR_" + std::to_string(i));
    register_gauge(name).set(-1);
  }
  if (again) {
    live_again_and_again(operations[0], signals, argv);
    return 0;
  }
  const auto trace = [&](unsigned i) {
    Operation op(operations[i]);
    op.actor(ActorKind::user, i);
    op.stage(0);
    op.finish(i % 2 == 0 ? Outcome::error : Outcome::ok,
              static_cast<std::uint16_t>(i % 2 == 0 ? 1 + i : 0));
    event(events[i]);
  };
  // A lane keeps the name of its thread after the thread has ended.
  for (unsigned i = 0; i < 6; ++i) {
    std::thread([&, i] {
      if (hostile) prctl(PR_SET_NAME, evil(i).c_str());
      trace(i);
    }).join();
  }
  if (hostile) prctl(PR_SET_NAME, evil(2).c_str());
  trace(0);
  if (traced()) std::printf("traced\n");
  std::fflush(stdout);
  const timespec pause{0, 2'000'000};
  for (unsigned n = 0; sigtimedwait(&signals, nullptr, &pause) != SIGTERM; ++n) trace(n % 6);
  return 0;
}
