// Writes into the daemon's own log what becomes of the rings: a line whenever a ring's state
// changes, one when something is the matter with a live ring, one for each process that dies.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "report/model/snapshot.h"

namespace ringside {

class RingLog {
 public:
  void follow(const Snapshot& snapshot);

 private:
  struct Said {
    std::string state;
    std::string problem;          // of a live ring
    std::uint64_t deaths = 0;     // RingView::deaths_seen
    std::uint64_t restarts = 0;   // RingView::restarts_seen
  };
  std::map<std::string, Said> said_;   // by ring
};

}  // namespace ringside
