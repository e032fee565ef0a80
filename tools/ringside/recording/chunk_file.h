// The chunks of a recording's file, one after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "shm/failure.h"
#include "shm/mapping.h"
#include "tools/ringside/recording/format.h"

struct ZSTD_DCtx_s;

namespace ringside::tool {

// Whether a file begins like a recording. False also when it can't be read.
bool is_recording(const std::string& path);

struct Chunk {
  ChunkType type = ChunkType::end;  // any number
  std::uint64_t offset = 0;         // of its header in the file
  std::uint64_t bytes = 0;          // of header and frame
  std::uint32_t payload_bytes = 0;
};

enum class Found : std::uint8_t {
  chunk,
  damage,  // `offset` and `bytes` say what is no chunk; go on behind it
  cut,     // the file ends within a chunk that begins at `offset`
  nothing  // the file ends behind a chunk
};

class ChunkFile {
 public:
  // Null, and `failure` set, when there is no recording that this program can read.
  static std::unique_ptr<ChunkFile> open(const std::string& path, Failure* failure);
  ~ChunkFile();
  ChunkFile(const ChunkFile&) = delete;
  ChunkFile& operator=(const ChunkFile&) = delete;

  static constexpr std::uint64_t kFirst = kFrameHeaderBytes;  // where the chunks begin
  // What stands at `offset`. Moves `offset` behind a chunk, and behind damage.
  Found next(std::uint64_t& offset, Chunk& chunk) const;
  // A chunk's payload, valid until the next call. False when it is damaged.
  bool unpack(const Chunk& chunk, std::string_view& payload);
  std::uint64_t bytes() const { return mapping_ != nullptr ? mapping_->bytes() : 0; }
  const std::string& path() const { return path_; }

 private:
  ChunkFile() = default;

  std::string path_;
  std::unique_ptr<Mapping> mapping_;
  ZSTD_DCtx_s* context_ = nullptr;
  std::string payload_;
};

}  // namespace ringside::tool
