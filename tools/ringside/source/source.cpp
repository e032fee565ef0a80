#include "tools/ringside/source/source.h"

namespace ringside::tool {

Source open_source(const std::string& name, Failure* failure) {
  Source source;
  source.file = RingFile::open(name, failure);
  if (source.file == nullptr) return source;
  source.records = std::make_unique<SegmentRecords>(
      source.file->segment(), source.file->facts().clock, source.file->scale().ticks_per_second());
  return source;
}

std::uint64_t reference_ticks(const Source& source, const std::vector<Seen>& records) {
  if (source.live() || records.empty()) return source.file->now_ticks();
  return records.back().record.end();
}

}  // namespace ringside::tool
