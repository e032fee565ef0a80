// Records as Chrome's trace events in JSON: what chrome://tracing, ui.perfetto.dev and Speedscope
// open. The slices of a thread nest, as in Perfetto's format; those that overlap are on a thread of
// their own beside it. No flows.
#pragma once

#include "tools/ringside/export/sink.h"
#include "tools/ringside/export/timeline.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

// `labels`: what the server calls its users, rooms and addresses.
void write_chrome(const RingFile& file, const Timeline& timeline, bool labels, const Sink& sink);

}  // namespace ringside::tool
