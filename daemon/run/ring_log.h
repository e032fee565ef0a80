// Writes one line into the daemon's own log whenever the state of a ring changes.
#pragma once

#include <map>
#include <string>

#include "report/model/snapshot.h"

namespace ringside {

class RingLog {
 public:
  void follow(const Snapshot& snapshot);

 private:
  std::map<std::string, std::string> said_;   // by ring
};

}  // namespace ringside
