// Reads a recording: the ring as it was, and its records in the order of their ends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tools/ringside/recording/chunk_file.h"
#include "tools/ringside/recording/head.h"
#include "tools/ringside/source/records.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

// What a recording says of itself.
struct RecordingFacts {
  std::string ring;                 // its path, when it was recorded
  std::string filter;               // empty: every record was asked for
  ClockChunk first;                 // when it began
  ClockChunk last;                  // when it ended, or the last that is known before the cut
  std::vector<MarkChunk> marks;     // the first 1,000
  std::string ended;                // why; empty: it is cut off
  std::uint64_t bytes = 0;          // of the file
  std::vector<std::string> faults;  // cuts and damage, a sentence each; the first 20
};

class RecordingRecords final : public Records {
 public:
  RecordingRecords(std::unique_ptr<ChunkFile> chunks, std::uint32_t overflow_lane)
      : chunks_(std::move(chunks)), overflow_lane_(overflow_lane) {}

  // Reads a batch. `all` makes no difference.
  Next read(std::vector<Seen>& into, bool all) override;
  std::vector<std::string> take_faults() override;

 private:
  void take_clock(const ClockChunk& clock);
  void hand_over(std::vector<Seen>& into);
  void fault(const Chunk& chunk, const char* what);

  std::unique_ptr<ChunkFile> chunks_;
  const std::uint32_t overflow_lane_;
  std::uint64_t offset_ = ChunkFile::kFirst;
  std::vector<Seen> held_;   // of the batch that is being read
  std::uint64_t ticks_ = 0;  // of the last clock
  std::uint64_t damages_ = 0;
  std::vector<std::string> faults_;
};

struct Recording {
  std::unique_ptr<RingFile> file;
  std::unique_ptr<RecordingRecords> records;
  RecordingFacts facts;
};
// Looks at every chunk but the records'. Null `file`, and `failure` set, when the file is no
// recording, or when it has no whole head and clock.
Recording open_recording(const std::string& path, Failure* failure);

}  // namespace ringside::tool
