// Records as a trace of Perfetto: what ui.perfetto.dev and trace_processor open.
//
//   process            the server; its pid
//     thread           a lane's owner: its name, its tid. Operations, their stages inside
//     thread · 2, …    operations that overlap those of the first track
//
//   packets            TracePacket, one after the other, each a field 1 of Trace
//     sequence 1       the clocks, the process and the threads
//     sequence 2, …    one for each track: its defaults, then its events. Names are interned, and
//                      times are differences, so an event without facts takes some 14 bytes
//
// Times are CLOCK_MONOTONIC; the clock snapshot holds them against CLOCK_REALTIME. Field numbers:
// protos/perfetto/trace of the Perfetto repository.
#pragma once

#include "tools/ringside/export/sink.h"
#include "tools/ringside/export/timeline.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

// `labels`: what the server calls its users, rooms and addresses.
void write_perfetto(const RingFile& file, const Timeline& timeline, bool labels, const Sink& sink);

}  // namespace ringside::tool
