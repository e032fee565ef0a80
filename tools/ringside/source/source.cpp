#include "tools/ringside/source/source.h"

#include <cstdio>
#include <utility>

#include "report/model/format.h"
#include "tools/ringside/source/newest_end.h"

namespace ringside::tool {

namespace {

Source open_recorded(const std::string& path, Failure* failure) {
  Source source;
  Recording recording = open_recording(path, failure);
  if (recording.file == nullptr) {
    make_harmless(path, failure);
    return source;
  }
  source.file = std::move(recording.file);
  source.records = std::move(recording.records);
  source.recorded = true;
  source.recording = std::move(recording.facts);
  return source;
}

}  // namespace

Source open_source(const std::string& name, Failure* failure) {
  Source source;
  const bool is_path = name.find('/') != std::string::npos;
  if (is_path && is_recording(name)) return open_recorded(name, failure);
  source.file = RingFile::open(name, failure);
  if (source.file == nullptr) {
    if (!is_path && is_recording("./" + name)) return open_recorded("./" + name, failure);
    return source;
  }
  source.records = std::make_unique<SegmentRecords>(
      source.file->segment(), source.file->facts().clock, source.file->scale().ticks_per_second());
  return source;
}

void say_faults(Source& source) {
  const std::string path = escape_visible(source.file->segment().path());
  const auto say = [&](const std::vector<std::string>& faults) {
    for (const std::string& fault : faults)
      std::fprintf(stderr, "ringside: %s: %s\n", path.c_str(), fault.c_str());
  };
  if (source.recording) say(std::exchange(source.recording->faults, {}));
  say(source.records->take_faults());
}

std::uint64_t reference_ticks(const Source& source, const std::vector<Seen>& records) {
  if (source.live() || records.empty()) return source.file->now_ticks();
  NewestEnd newest(*source.file);
  for (const Seen& seen : records) newest.take(seen.record.end());
  return newest.ticks().value_or(source.file->now_ticks());
}

}  // namespace ringside::tool
