// The whole snapshot and its analysis as one JSON document. The fields are listed in
// report/README.md. New ones may come; kJsonVersion rises when one goes or changes its meaning.
//
// Ids of actors and subjects are strings: they use all 64 bits, and JavaScript's numbers hold 53.
// Instants are RFC 3339 strings with nanoseconds (`…_at`, null for never). Spans are integers of
// nanoseconds (`…_ns`). An unknown figure is null. Bytes that are not UTF-8 become U+FFFD.
#pragma once

#include <string>

#include "report/analysis/analysis.h"

namespace ringside {

inline constexpr int kJsonVersion = 2;

struct JsonOptions {
  // -1: all in one line
  int indent = -1;
  bool last_records = true;  // each series' last records, which are most of the document
};

std::string render_json(const Report& report, const JsonOptions& options = {});

}  // namespace ringside
