#include "tools/ringside/export/lines.h"

namespace ringside::tool {

LineExport::LineExport(const RingFile& file, LineFormat format, bool labels, const Sink& sink)
    : lines_(file, format, {false, false, labels}), sink_(sink) {
  lines_.begin(out_);
}

bool LineExport::take(const Seen& seen) {
  lines_.append(seen, out_);
  if (out_.size() < kSinkBytes) return true;
  const bool wanted = sink_(out_);
  out_.clear();
  return wanted;
}

void LineExport::finish() { sink_(out_); }

}  // namespace ringside::tool
