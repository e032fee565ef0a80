#include "tools/ringside/lines/tally.h"

#include <cstdio>

#include "report/model/format.h"

namespace ringside::tool {

std::string Tally::text(const RecordCounts& counts) const {
  std::string text =
      "examined " + format_count(counts.read) + " records: " + format_count(matched) + " matched";
  if (left_out > 0) text += " (" + format_count(left_out) + " older ones not shown)";
  text += ", " + format_count(filtered) + " filtered out, ";
  if (later > 0) text += format_count(later) + " later than the moment shown, ";
  if (counts.rejected > 0) text += format_count(counts.rejected) + " damaged, ";
  text += format_count(counts.lost) + " lost";
  if (counts.earlier > 0) text += "; " + format_count(counts.earlier) + " were gone before";
  return text;
}

void say_tally(const char* command, const Tally& tally, const RecordCounts& counts) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s: %s\n", command, tally.text(counts).c_str());
}

}  // namespace ringside::tool
