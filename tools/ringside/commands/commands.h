// The commands of the debug tool. Each returns the exit code: 0 done, 1 failed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringside::tool {

struct InspectOptions {
  bool json = false;
  bool verify = false;  // every slot, the books and the tables
  bool names = false;   // what the server has registered
  bool labels = false;  // what it calls its users, rooms and addresses
};
// Shows what a ring is, who writes it, and what its totals say.
int inspect(const std::string& ring, const InspectOptions& options);

struct ReportOptions {
  std::string history;  // the file; empty: the running daemon is asked
  std::string socket;   // of that daemon; empty: daemon_socket()
  std::string since,
      until;  // see daemon/http/instants.h; empty: the last eight hours that it holds
  std::string ring;             // only this one; empty: all
  std::string operation;        // the same; events stay
  std::string compare_to;  // another span (daemon/http/past_span.h), or "baseline"; empty: none
  std::string format = "text";  // text, markdown, html or json
  std::string output;           // the file to write, whole or not at all; empty: standard output
};
// Writes a report of a span of a history.
int report(const ReportOptions& options);
// Writes a report of a running daemon.
int live_report(const ReportOptions& options);

// Makes the span (without --since the last seven days) the history's baseline, or removes it.
int pin_baseline(const ReportOptions& options, bool remove);

}  // namespace ringside::tool
