// Records as lines: CSV, or a JSON object each, as `ringside tail` prints them.
#pragma once

#include <string>

#include "tools/ringside/export/sink.h"
#include "tools/ringside/lines/record_lines.h"

namespace ringside::tool {

class LineExport {
 public:
  // `file` and `sink` must live as long.
  LineExport(const RingFile& file, LineFormat format, bool labels, const Sink& sink);
  // Takes the next record. False: no more are wanted.
  bool take(const Seen& seen);
  void finish();

 private:
  RecordLines lines_;
  const Sink& sink_;
  std::string out_;
};

}  // namespace ringside::tool
