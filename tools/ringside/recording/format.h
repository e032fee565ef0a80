// A recording: what a ring held and what was written into it, in a file.
//
// The file is a series of zstd frames, so that `zstd -t FILE` checks it and `zstd -dc FILE` unpacks
// it. Numbers outside of a chunk's payload are little endian.
//
//   file header, a skippable frame
//     off size
//       0    4  0x184d2a5a
//       4    4  16
//       8    8  "RINGSREC"
//      16    4  version of the format: 1
//      20    4  CRC-32 of the 12 bytes before
//   then chunks. Each is a skippable frame that describes it, and a frame with its payload:
//       0    4  0x184d2a5b
//       4    4  16
//       8    4  ChunkType
//      12    4  bytes of the payload's frame
//      16    4  bytes of the payload
//      20    4  CRC-32 of the 12 bytes before
//      24       the payload's frame, with zstd's checksum of the payload
//
//   chunks of a file: state clock { { records } [mark] clock [state] } end
//   state: head totals [remainders]
//
//   head        what the ring is: the image of its segment before the lanes' blocks (head.h)
//   totals      what the lanes have counted, by operation (head.h)
//   remainders  what dead threads left half written (head.h)
//   records     records of one lane (columns.h)
//   clock       one instant in all clocks, and what has become of the records so far. It ends a
//               batch.
//   mark        a record that --on had waited for; the records around it are in the file
//   end         why the recording ended. A file without it was cut off.
//
// Payloads are written with the codec of the daemon's state (daemon/storage/codec.h).
//
//   F1  A chunk is written after all that it needs. So a file that is cut off anywhere is good up
//       to its last whole chunk.
//   F2  The records of a batch are sorted by their ends when they are read. No record ends before
//       one of an earlier batch, unless its thread was held up (source/records.h).
//   F3  A reader trusts no byte. It takes a chunk's word for a size only below the bounds here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "report/model/rings.h"
#include "shm/clock.h"

namespace ringside::tool {

inline constexpr std::uint32_t kHeaderFrame = 0x184d2a5a;
inline constexpr std::uint32_t kChunkFrame = 0x184d2a5b;
inline constexpr std::uint32_t kSkippedBytes = 16;  // of both, behind their first eight bytes
inline constexpr std::size_t kFrameHeaderBytes = 8 + kSkippedBytes;
inline constexpr std::string_view kRecordingMagic = "RINGSREC";
inline constexpr std::uint32_t kRecordingVersion = 1;

// No payload is larger. The largest image of a segment has 3.9 MB, and 65,536 records have at most
// 5.5 MB.
inline constexpr std::uint32_t kMaxPayloadBytes = 8U << 20;
inline constexpr std::uint32_t kMaxFrameBytes = kMaxPayloadBytes + (kMaxPayloadBytes >> 8) + 1024;
inline constexpr std::size_t kMaxChunkRecords = 65'536;
// A writer ends a batch at kMaxChunkRecords. A reader takes more, but holds no more than these.
inline constexpr std::size_t kMaxHeldRecords = 4 * kMaxChunkRecords;
inline constexpr std::size_t kMaxTextBytes = 4096;  // of a filter, a path, a reason

enum class ChunkType : std::uint32_t { head = 1, totals, records, clock, mark, end, remainders };
const char* name_of(ChunkType type);  // "unknown" for any other number

// What has become of the records that the ring's threads have written.
// written = earlier + recorded + filtered + lost.
struct RecordedCounts {
  std::uint64_t earlier = 0;   // overwritten before the recording began
  std::uint64_t recorded = 0;  // in the file
  std::uint64_t filtered = 0;  // not asked for
  std::uint64_t lost = 0;      // overwritten before they were read, or left out at --max-size
};

struct ClockChunk {
  Instant at;  // `ticks` are those of the ring's own clock
  double ticks_per_second = 0;
  std::optional<RingState> state;
  std::uint32_t uid = 0;  // of the ring's owner
  RecordedCounts counts;
};

struct MarkChunk {
  std::string condition;
  std::uint32_t lane = 0;
  std::uint64_t position = 0;
  std::uint64_t end_ticks = 0;
};

std::string encode(const ClockChunk& clock);
std::string encode(const MarkChunk& mark);
std::string encode_end(const std::string& why);
// False when the payload is not one.
bool decode(std::string_view payload, ClockChunk& clock);
bool decode(std::string_view payload, MarkChunk& mark);
bool decode_end(std::string_view payload, std::string& why);

// The file header, and what describes a chunk.
std::string file_header();
std::string chunk_header(ChunkType type, std::size_t frame_bytes, std::size_t payload_bytes);

struct ChunkHeader {
  ChunkType type = ChunkType::end;  // any number
  std::uint32_t frame_bytes = 0;    // at most kMaxFrameBytes
  std::uint32_t payload_bytes = 0;  // at most kMaxPayloadBytes
};
// Both take at least kFrameHeaderBytes. Nothing when the bytes are no such header.
std::optional<std::uint32_t> version_in(const unsigned char* bytes);
std::optional<ChunkHeader> chunk_header_in(const unsigned char* bytes);

}  // namespace ringside::tool
