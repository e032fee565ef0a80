// What a command looks at: a ring, live or dead, a copy of one, or a recording.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/ringside/recording/recording.h"
#include "tools/ringside/source/records.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

struct Source {
  std::unique_ptr<RingFile> file;
  std::unique_ptr<Records> records;
  bool recorded = false;                    // a recording: its records end
  std::optional<RecordingFacts> recording;  // of a recording

  // Whether records may still come.
  bool live() const {
    return !recorded && !file->is_copy() &&
           file->state().value_or(RingState::live) == RingState::live;
  }
};

// Opens a source by the name of a ring, or by a path with a '/'. A name that is no ring's may also
// be that of a recording in the working directory. Null `file`, and `failure` set, when there is
// none or it cannot be read.
Source open_source(const std::string& name, Failure* failure);

// What a reader should be told of the source on standard error, since the last call: cuts, damage.
void say_faults(Source& source);

// From where ages are seen: now, or, where nothing more is written, the end of the newest record of
// `records` (newest_end.h).
std::uint64_t reference_ticks(const Source& source, const std::vector<Seen>& records);

}  // namespace ringside::tool
