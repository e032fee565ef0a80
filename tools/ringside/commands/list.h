// The rings of this machine.
#pragma once

#include <string>
#include <vector>

namespace ringside::tool {

// What a running daemon says of a ring that it reads.
struct WatchedRing {
  std::string path;
  std::string state;  // as the daemon sees it
  unsigned long long lost = 0;
};

struct ListOptions {
  std::string folder = "/dev/shm";
  bool json = false;
  // Asks the daemon; empty where none answers.
  std::vector<WatchedRing> (*watched)() = nullptr;
};
// Every ring in the folder, and those elsewhere that the daemon reads, one line each.
int list(const ListOptions& options);

}  // namespace ringside::tool
