// Parts of what `inspect` says: a check's result, and what a recording is.
#pragma once

#include <nlohmann/json.hpp>

#include "tools/ringside/recording/recording.h"
#include "tools/ringside/source/ring_file.h"
#include "tools/ringside/verify/verify.h"

namespace ringside::tool {

nlohmann::json json_of(const Verified& verified);
void print_verified(const Verified& verified);
nlohmann::json recording_json(const RingFile& file, const RecordingFacts& facts);
void print_recording(const RingFile& file, const RecordingFacts& facts);

}  // namespace ringside::tool
