// A history or a running daemon, as a command line names it: with the words of `ringside report`.
#pragma once

#include <string>

namespace ringside::tool::past {

struct Named {
  std::string history;  // the file; empty: the running daemon is asked
  std::string socket;   // of that daemon; empty: daemon_socket()
  std::string ring;     // only this one; empty: all
  bool labels = true;   // call actors and subjects what the server calls them

  bool none() const { return history.empty() && socket.empty() && ring.empty(); }
};

}  // namespace ringside::tool::past
