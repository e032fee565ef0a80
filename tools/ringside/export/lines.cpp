#include "tools/ringside/export/lines.h"

#include <string>

namespace ringside::tool {

void write_lines(const RingFile& file, const std::vector<Seen>& records, LineFormat format,
                 bool labels, const Sink& sink) {
  RecordLines lines(file, format, {false, false, labels});
  std::string out;
  lines.begin(out);
  for (const Seen& seen : records) {
    lines.append(seen, out);
    if (out.size() < kSinkBytes) continue;
    if (!sink(out)) return;
    out.clear();
  }
  sink(out);
}

}  // namespace ringside::tool
