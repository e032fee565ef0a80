// What a server was doing when it ended: one page of text for a ticket.
#pragma once

#include <cstdint>
#include <string>

namespace ringside::tool {

struct AutopsyOptions {
  std::string source;
  std::uint64_t records = 3;  // of each thread
  bool json = false;
};
int autopsy(const AutopsyOptions& options);

}  // namespace ringside::tool
