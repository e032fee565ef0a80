#include "tools/ringside/export/export.h"

#include <utility>

#include "tools/ringside/export/chrome.h"
#include "tools/ringside/export/lines.h"
#include "tools/ringside/export/perfetto.h"
#include "tools/ringside/export/timeline.h"

namespace ringside::tool {

void write_export(const RingFile& file, std::vector<Seen> records,
                  const std::vector<Seen>& unfinished, ExportFormat format, bool labels,
                  const Sink& sink) {
  if (!is_trace(format)) {
    LineExport lines(file, line_format(format), labels, sink);
    for (const Seen& seen : records)
      if (!lines.take(seen)) return;
    return lines.finish();
  }
  const Timeline timeline(file, std::move(records), unfinished);
  if (format == ExportFormat::perfetto) return write_perfetto(file, timeline, labels, sink);
  write_chrome(file, timeline, labels, sink);
}

}  // namespace ringside::tool
