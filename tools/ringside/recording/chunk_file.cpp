#include "tools/ringside/recording/chunk_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <string>

#include "shm/file_descriptor.h"

namespace ringside::tool {

namespace {

Failure refusal(const std::string& path, const std::string& what, const char* next) {
  return {0, path + ": " + what + "\n  next: " + next};
}

// Both frames begin like this. Everything else is checked after it was found.
std::string chunk_begin() { return chunk_header(ChunkType::end, 0, 0).substr(0, 8); }

}  // namespace

bool is_recording(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  unsigned char bytes[kFrameHeaderBytes];
  return file && pread(file.get(), bytes, sizeof bytes, 0) == static_cast<ssize_t>(sizeof bytes) &&
         version_in(bytes).has_value();
}

std::unique_ptr<ChunkFile> ChunkFile::open(const std::string& path, Failure* failure) {
  std::unique_ptr<ChunkFile> chunks(new ChunkFile);
  chunks->path_ = path;
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    *failure = system_failure(path, "can't open", errno);
    return nullptr;
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    *failure = refusal(path, "is no recording: not a regular file",
                       "name a file that `ringside record` has written");
    return nullptr;
  }
  const auto bytes = static_cast<std::uint64_t>(info.st_size);
  if (bytes < kFrameHeaderBytes) {
    *failure = refusal(path, "is no recording: only " + std::to_string(bytes) + " bytes",
                       "name a file that `ringside record` has written");
    return nullptr;
  }
  chunks->mapping_ = Mapping::map(file.get(), bytes, false, path, failure);
  if (chunks->mapping_ == nullptr) return nullptr;
  const auto version = version_in(chunks->mapping_->data());
  if (!version) {
    *failure = refusal(path, "is no recording: its first bytes are not those of one",
                       "name a file that `ringside record` has written");
    return nullptr;
  }
  if (*version != kRecordingVersion) {
    *failure = refusal(path,
                       "is a recording of version " + std::to_string(*version) +
                           ", this program reads " + std::to_string(kRecordingVersion),
                       "read it with the ringside that has written it");
    return nullptr;
  }
  chunks->context_ = ZSTD_createDCtx();
  if (chunks->context_ == nullptr) {
    *failure = {ENOMEM, path + ": no memory to unpack it"};
    return nullptr;
  }
  return chunks;
}

ChunkFile::~ChunkFile() { ZSTD_freeDCtx(context_); }

Found ChunkFile::next(std::uint64_t& offset, Chunk& chunk) const {
  const unsigned char* data = mapping_->data();
  const std::uint64_t all = bytes();
  chunk = {};
  chunk.offset = offset;
  if (offset >= all) return Found::nothing;
  if (all - offset < kFrameHeaderBytes) return Found::cut;
  if (const auto header = chunk_header_in(data + offset)) {
    chunk.type = header->type;
    chunk.bytes = kFrameHeaderBytes + header->frame_bytes;
    chunk.payload_bytes = header->payload_bytes;
    if (chunk.bytes > all - offset) return Found::cut;
    offset += chunk.bytes;
    return Found::chunk;
  }
  // Each place that begins like a chunk has its checksum looked at, so this takes time in
  // proportion to the damage.
  static const std::string begin = chunk_begin();
  const std::string_view rest(reinterpret_cast<const char*>(data), all);
  for (std::size_t at = offset + 1; (at = rest.find(begin, at)) != std::string_view::npos; ++at) {
    if (all - at < kFrameHeaderBytes) break;
    if (!chunk_header_in(data + at)) continue;
    chunk.bytes = at - offset;
    offset = at;
    return Found::damage;
  }
  chunk.bytes = all - offset;
  offset = all;
  return Found::damage;
}

bool ChunkFile::unpack(const Chunk& chunk, std::string_view& payload) {
  payload_.resize(chunk.payload_bytes);
  const std::size_t got =
      ZSTD_decompressDCtx(context_, payload_.data(), payload_.size(),
                          mapping_->data() + chunk.offset + kFrameHeaderBytes,
                          static_cast<std::size_t>(chunk.bytes - kFrameHeaderBytes));
  if (ZSTD_isError(got) != 0 || got != payload_.size() || mapping_->broken()) return false;
  payload = payload_;
  return true;
}

}  // namespace ringside::tool
