// What a server has told of itself: names and labels.
#pragma once

#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

// Operations, events and errors, as tables on standard output.
void print_names(const RingFile& file);
// What it calls its users, rooms and addresses.
void print_labels(const RingFile& file);

}  // namespace ringside::tool
