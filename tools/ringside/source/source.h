// What a command looks at: a ring, live or dead, a copy of one, or a recording.
#pragma once

#include <memory>
#include <string>

#include "tools/ringside/source/records.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

struct Source {
  std::unique_ptr<RingFile> file;
  std::unique_ptr<Records> records;
  bool recorded = false;  // a recording: its records end

  // Whether records may still come.
  bool live() const {
    return !recorded && file->state().value_or(RingState::live) == RingState::live;
  }
};

// Opens a source by the name of a ring, or by a path with a '/'. Null `file`, and `failure` set,
// when there is none or it cannot be read.
Source open_source(const std::string& name, Failure* failure);

// From where ages are seen: now, or, where nothing more is written, the end of the newest record of
// `records`, which are in the order of their ends.
std::uint64_t reference_ticks(const Source& source, const std::vector<Seen>& records);

}  // namespace ringside::tool
