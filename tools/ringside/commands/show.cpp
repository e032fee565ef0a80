#include "tools/ringside/commands/show.h"

#include <cstdio>

#include "report/model/format.h"
#include "tools/ringside/commands/opened.h"
#include "tools/ringside/detail/place.h"
#include "tools/ringside/detail/record_page.h"
#include "tools/ringside/lines/record_lines.h"

namespace ringside::tool {

int show(const ShowOptions& options) {
  const auto place = parse_place(options.place);
  if (!place) {
    std::fprintf(stderr,
                 "ringside show: found `%s`, expected LANE:POSITION, e.g. 3:1023\n  next: copy it "
                 "from a line of `ringside tail`\n",
                 escape_visible(options.place).c_str());
    return 2;
  }
  Interrupts interrupts;
  const Opened opened =
      open_filtered("ringside show", options.source, {},
                    {.all = true, .raw = false, .stream = false, .interrupts = &interrupts});
  if (opened.code != 0) return opened.code;
  std::string why;
  const Seen* seen = find_record(opened.source, opened.first, *place, &why);
  if (seen == nullptr) {
    std::fprintf(stderr, "ringside show: %s\n", why.c_str());
    return 1;
  }
  const RingFile& file = *opened.source.file;
  std::string text;
  if (options.json) {
    RecordLines(file, LineFormat::json, {}).append(*seen, text);
  } else {
    text = record_page(file, *seen, reference_ticks(opened.source, opened.first));
  }
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace ringside::tool
