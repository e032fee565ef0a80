// Signals as values: blocked in every thread, taken one by one by the main thread.
#pragma once

namespace ringside {

enum class Signal { reload, report, stop };

// To be called before any thread is started, for they inherit it.
void block_signals();
// Waits for the next one.
Signal next_signal();

}  // namespace ringside
