#include "tools/ringside/recording/writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include "shm/assert.h"
#include "tools/ringside/recording/chunk_file.h"
#include "tools/ringside/recording/columns.h"
#include "tools/ringside/recording/head.h"

namespace ringside::tool {

namespace {

// What the last clock and the end take at most, kept free below the limit of the size.
constexpr std::uint64_t kEndBytes = 8192;

// zstd's own default.
constexpr int kLevel = 3;

constexpr const char* kDiskNext =
    "free space there, or record into another folder; what was written so far is readable";

}  // namespace

std::unique_ptr<RecordingWriter> RecordingWriter::create(const Options& options, Failure* failure) {
  std::unique_ptr<RecordingWriter> writer(new RecordingWriter);
  // Nothing but an older recording is replaced: a ring's name would be lost for good.
  struct stat old {};
  const bool has_bytes = lstat(options.path.c_str(), &old) == 0 && old.st_size > 0;
  if (options.replace && has_bytes && !is_recording(options.path)) {
    *failure = {EEXIST, options.path +
                            ": found a file that is no recording, expected one to replace\n"
                            "  next: choose another file"};
    return nullptr;
  }
  // The old file may be what is just being read. It keeps its bytes, and loses its name.
  if (options.replace && unlink(options.path.c_str()) != 0 && errno != ENOENT) {
    *failure = system_failure(options.path, "can't be replaced", errno);
    return nullptr;
  }
  writer->path_ = options.path;
  writer->most_bytes_ = options.most_bytes;
  writer->file_.emplace(
      open(options.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!*writer->file_) {
    const int error = errno;
    *failure = error == EEXIST
                   ? Failure{error, options.path +
                                        ": is there already\n  next: choose another file, or "
                                        "--force to replace it"}
                   : system_failure(options.path, "can't create", error,
                                    "name a file in a folder that you may write");
    return nullptr;
  }
  writer->context_ = ZSTD_createCCtx();
  if (writer->context_ == nullptr) {
    *failure = {ENOMEM, options.path + ": no memory to write it"};
    return nullptr;
  }
  ZSTD_CCtx_setParameter(writer->context_, ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(writer->context_, ZSTD_c_checksumFlag, 1);
  writer->pending_ = file_header();
  return writer;
}

RecordingWriter::~RecordingWriter() { ZSTD_freeCCtx(context_); }

void RecordingWriter::add(ChunkType type, std::string_view payload) {
  RINGSIDE_ASSERT(payload.size() <= kMaxPayloadBytes);
  frame_.resize(ZSTD_compressBound(payload.size()));
  const std::size_t bytes =
      ZSTD_compress2(context_, frame_.data(), frame_.size(), payload.data(), payload.size());
  RINGSIDE_ASSERT(ZSTD_isError(bytes) == 0 && bytes <= kMaxFrameBytes);
  pending_ += chunk_header(type, bytes, payload.size());
  pending_.append(frame_, 0, bytes);
}

RecordingWriter::Put RecordingWriter::flush(bool always) {
  if (failure_.error_number != 0) return Put::failed;
  const std::uint64_t room = most_bytes_ - std::min(most_bytes_, bytes_);
  if (!always && pending_.size() > room - std::min(room, kEndBytes)) {
    if (bytes_ == 0) {
      failure_ = {EFBIG, path_ + ": what the ring is takes " + std::to_string(pending_.size()) +
                             " bytes alone, more than --max-size leaves\n  next: raise "
                             "--max-size to " +
                             std::to_string(pending_.size() / 1024 + 64) + "KiB or more"};
      pending_.clear();
      return Put::failed;
    }
    pending_.clear();
    return Put::full;
  }
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const ssize_t written = write(file_->get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      failure_ = system_failure(path_, "can't write", written < 0 ? errno : ENOSPC, kDiskNext);
      // The last whole batch is the end. If that cannot be had, readers find the cut by themselves.
      if (ftruncate(file_->get(), static_cast<off_t>(bytes_)) != 0) return Put::failed;
      return Put::failed;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  bytes_ += pending_.size();
  pending_.clear();
  return Put::written;
}

RecordingWriter::Put RecordingWriter::head(const Segment& segment, const std::string& path,
                                           const std::string& filter) {
  add(ChunkType::head, encode_head(segment, path, filter));
  for (const std::string& totals : encode_totals(segment)) add(ChunkType::totals, totals);
  if (const std::string left = encode_remainders(segment); !left.empty())
    add(ChunkType::remainders, left);
  return flush();
}

RecordingWriter::Put RecordingWriter::batch(const std::vector<Seen>& records,
                                            const ClockChunk& clock) {
  RINGSIDE_ASSERT(records.size() <= kMaxChunkRecords);
  std::map<std::uint32_t, std::vector<Seen>> lanes;
  for (const Seen& seen : records) lanes[seen.lane].push_back(seen);
  for (auto& [lane, of_lane] : lanes) {
    std::stable_sort(of_lane.begin(), of_lane.end(),
                     [](const Seen& a, const Seen& b) { return a.position < b.position; });
    add(ChunkType::records, encode_records(of_lane));
  }
  add(ChunkType::clock, encode(clock));
  return flush();
}

RecordingWriter::Put RecordingWriter::mark(const MarkChunk& mark) {
  add(ChunkType::mark, encode(mark));
  return flush();
}

RecordingWriter::Put RecordingWriter::end(const ClockChunk& clock, const std::string& why) {
  add(ChunkType::clock, encode(clock));
  add(ChunkType::end, encode_end(why));
  const Put put = flush(true);
  if (put == Put::written && fsync(file_->get()) != 0 && errno != EINVAL) {
    failure_ = system_failure(path_, "can't be forced to the disk", errno, kDiskNext);
    return Put::failed;
  }
  return put;
}

}  // namespace ringside::tool
