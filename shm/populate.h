// Gives mapped pages of a file their memory before anybody stores into them.
#pragma once

#include <cstddef>

namespace ringside {

// Allocates the pages that hold these bytes and maps them in, so that no later store can fault. On
// a full file system a plain store would raise SIGBUS. False when the memory isn't there. No byte
// is changed, so others may use the pages meanwhile. Needs no path, no descriptor and no rights:
// only the calls that every thread makes. For Linux before 5.14, too.
bool populate(void* begin, std::size_t bytes);

}  // namespace ringside
