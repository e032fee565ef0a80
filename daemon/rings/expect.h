// Asserts for our own mistakes: a call out of order, a call from the wrong thread. They hold in
// release builds, too, because a daemon that goes on with wrong books is worse than one that ends.
// Never for bytes that another process wrote.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace ringside {

inline void expect(bool holds, const char* rule,
                   std::source_location at = std::source_location::current()) {
  if (holds) [[likely]] return;
  std::fprintf(stderr, "%s:%u: %s: broken rule: %s\n", at.file_name(), at.line(),
               at.function_name(), rule);
  std::abort();
}

}  // namespace ringside
