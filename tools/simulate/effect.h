// What happens to the world, and when: the trouble, and the everyday that is none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/simulate/times.h"
#include "tools/simulate/words.h"

namespace ringside::simulate {

enum class Do : std::uint8_t {
  // the database
  lock_database,  // another process holds the write lock
  slow_database,  // every transaction takes `amount` times as long
  // the server's work
  slow_operation,  // `op` takes `amount` ms more (in `stage`, if there is one)
  slow_stage,      // `stage` of every operation takes `amount` ms more
  fail,            // the share `amount` of `op`'s calls (none: of all) fails with `code`
  fail_version,    // the share `amount` of the calls of clients of version `count` fails
  stick,           // `count` of the front threads hang (none is left over: the server is stuck)
  stick_readers,   // every thread that reads the database hangs
  // the process
  leak_memory,  // `amount` bytes a second
  leak_files,   // `amount` descriptors a second
  burn_cpu,     // the server uses `amount` percent of a core more
  kill,         // SIGKILL; started again at the end of the effect
  close,        // an orderly stop; started again at the end
  freeze,       // SIGSTOP, and SIGCONT at the end
  // clients
  traffic,      // `amount` times as much
  gone,         // the share `amount` of clients is cut off
  connect,      // `count` connections more
  guess,        // `amount` wrong passwords a second, from `count` addresses
  bad_tokens,   // `amount` rejected tokens a second, from `count` addresses
  flood,        // `amount` calls of `op` a second that are refused for their rate
  impatient,    // clients give up after `amount` ms and ask again at once
  slow_logins,  // the password check takes `amount` ms more
  // the host and the daemon
  busy_host,       // others use `amount` percent of all CPUs; work takes up to twice as long
  full_memory,     // others use memory until `amount` percent are used
  step_clock,      // the wall clock is set by `amount` seconds
  suspend,         // the machine sleeps for `amount` seconds; its connections break
  restart_daemon,  // the daemon ends, saves, and is started again at the end
  kill_daemon,     // the same with SIGKILL: it goes on from the state of its latest tick
  sample,          // one in `count` operations is timed
  lose,            // the share `amount` of records is overwritten before it is read
};

// From `from` until `until`, in monotonic time after the world's beginning. A thing that happens at
// once (a step of the clock) has until == from.
struct Effect {
  Do what{};
  Ns from = 0;
  Ns until = 0;
  double amount = 0;
  std::uint64_t count = 0;
  Op op = Op::none;
  Stage stage = Stage::none;
  Code code = Code::INTERNAL;
  bool only_account = false;  // guess: all of it for one account
};

using Effects = std::vector<Effect>;

}  // namespace ringside::simulate
