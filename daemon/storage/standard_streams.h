// What each of our programs does with standard input, output and error, first and last.
#pragma once

namespace ringside {

// The first call in main().
//
// A program may be started with one of the three closed. The next file that it opens would then
// become its standard output, and what it prints would land in that file. So each closed one is
// opened here, in the wrong direction: printing still fails, and finish_output() still notices.
// SIGXFSZ is ignored, so a write beyond the limit for file sizes fails and does not kill.
void secure_streams();

// The last call in main(). Flushes standard output. If anything could not be written to it, says so
// on standard error, and returns 1 where `code` is 0. Otherwise returns `code`.
int finish_output(const char* program, int code);

}  // namespace ringside
