// Reads a header that may hold anything.
#pragma once

#include <cstdint>
#include <string>

#include "shm/segment.h"

namespace ringside {

// A header as it was at one moment. It is read, not mapped: nothing that happens to the file can
// raise SIGBUS, and a server that checks an old ring needs no signal handler.
struct HeaderBytes {
  alignas(8) unsigned char bytes[sizeof(SegmentHeader)];
};
// False when the file is too short by now.
bool read_header(int fd, HeaderBytes* out);

// Checks the fixed part of a header against the size of the file it is in. On false `failure` says
// what is wrong; facts->creator_… are set as soon as the magic fits, whatever the layout version.
bool check_header(const unsigned char* bytes, std::uint64_t file_bytes, const std::string& path,
                  SegmentFacts* facts, Failure* failure);

}  // namespace ringside
