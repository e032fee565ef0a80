// Histograms of latency.
#pragma once

#include <cstdint>
#include <string>

#include "tools/ringside/filter/filter_flags.h"
#include "tools/ringside/past/named.h"

namespace ringside::tool {

enum class HistBy : std::uint8_t { nothing, op, outcome, thread, stage };

struct HistOptions {
  std::string source;
  past::Named past;  // in place of a source
  std::string at;    // of a history or a daemon: this minute alone
  FilterFlags filter;
  HistBy by = HistBy::nothing;
  bool heatmap = false;
  bool json = false;
  bool once = false;        // what is there now, and end
  std::int64_t for_ns = 0;  // end after that; 0: when interrupted
  std::string compare;      // another source, or a span of the same one
  std::string compare_since, compare_until;
};
// Shows them, again each second on a terminal, until the server leaves or dies, or the tool is
// interrupted. Returns the exit code.
int hist(const HistOptions& options);
// Of a history, or of a running daemon (commands/hist_of_minutes.cpp).
int hist_of_minutes(const HistOptions& options);

}  // namespace ringside::tool
