// Writes a recording. Everything goes to the file in whole batches, so that a program that is
// killed leaves a file that is readable up to its last one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shm/failure.h"
#include "shm/file_descriptor.h"
#include "shm/segment.h"
#include "tools/ringside/recording/format.h"
#include "tools/ringside/source/records.h"

struct ZSTD_CCtx_s;

namespace ringside::tool {

class RecordingWriter {
 public:
  struct Options {
    std::string path;
    bool replace = false;                   // a file of that name
    std::uint64_t most_bytes = UINT64_MAX;  // of the file
  };
  // Creates the file, readable by its user alone. Null, and `failure` set, when it cannot.
  static std::unique_ptr<RecordingWriter> create(const Options& options, Failure* failure);
  ~RecordingWriter();
  RecordingWriter(const RecordingWriter&) = delete;
  RecordingWriter& operator=(const RecordingWriter&) = delete;

  enum class Put : std::uint8_t {
    written,
    full,   // it would make the file larger than it may be, and is not written
    failed  // failure() says why; the file ends with the last whole batch
  };
  // What the ring is, and its totals. The first thing in a file. Later ones replace it.
  Put head(const Segment& segment, const std::string& path, const std::string& filter);
  // Records in the order of their ends, and the clock behind them.
  Put batch(const std::vector<Seen>& records, const ClockChunk& clock);
  Put mark(const MarkChunk& mark);
  // The end, to the disk. Its clock has the last counts. It is written even into a full file.
  Put end(const ClockChunk& clock, const std::string& why);

  std::uint64_t bytes() const { return bytes_; }
  const Failure& failure() const { return failure_; }
  const std::string& path() const { return path_; }

 private:
  RecordingWriter() = default;
  void add(ChunkType type, std::string_view payload);
  // Writes what was added. `always`: whatever the file's size.
  Put flush(bool always = false);

  std::string path_;
  std::optional<FileDescriptor> file_;
  ZSTD_CCtx_s* context_ = nullptr;
  std::uint64_t most_bytes_ = UINT64_MAX;
  std::uint64_t bytes_ = 0;
  std::string pending_;
  std::string frame_;
  Failure failure_;
};

}  // namespace ringside::tool
