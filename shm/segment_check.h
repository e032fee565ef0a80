// Reads a header that may hold anything.
#pragma once

#include <cstdint>
#include <string>

#include "shm/segment.h"

namespace ringside {

// Checks the fixed part of a header against the size of the file it is in. On false `failure` says what is
// wrong; facts->creator_… are set as soon as the magic fits, whatever the layout version.
bool check_header(const unsigned char* bytes, std::uint64_t file_bytes, const std::string& path,
                  SegmentFacts* facts, Failure* failure);

}  // namespace ringside
