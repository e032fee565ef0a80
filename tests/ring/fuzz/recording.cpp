// Fuzz target: the file of a recording is opened, all of it is read, and `ringside inspect` shows
// it.
//
//   byte   0: flags   1 the input is the whole file, 2 inspect, 4 JSON, 8 records as they are
//   steps  each a byte, and what it takes:
//     0 a whole head of a ring: u8 how many patches, 16 with labels; each patch a u32 offset, a u64
//     1 a chunk of any payload: u8 type, u16 bytes, the bytes
//     2 a whole chunk of records: u8 lane, u8 count, u64 position, u64 end, u64 descriptor
//     3 a clock: u64 ticks, four u16 counts
//     4 a byte of the file so far is another one: u32 offset, u8
//     5 the file so far is cut: u16 bytes
//     6 a whole header with any sizes: u8 type, u32 bytes, u32 bytes
#include "tools/ringside/recording/recording.h"

#include <zstd.h>

#include <cstdio>
#include <fstream>

#include "shm/labels.h"
#include "shm/processes.h"
#include "tests/ring/fuzz/fixed_world.h"
#include "tests/ring/fuzz/input.h"
#include "tests/ring/fuzz/rings.h"
#include "tools/ringside/commands/commands.h"
#include "tools/ringside/lines/record_lines.h"
#include "tools/ringside/recording/columns.h"
#include "tools/ringside/recording/head.h"
#include "tools/ringside/source/source.h"

using namespace ringside;
using namespace ringside::fuzz;
using namespace ringside::tool;

namespace {

constexpr std::size_t kMostSteps = 24;

const std::string& path() {
  static const std::string made = Scratch::file("fuzzed.rec");
  return made;
}

// With labels or without them, which are half of a head.
const std::string& whole_head(bool labels) {
  const auto made = [](Content content) {
    SpoiltRing ring(kGeometries[0], content, ClockKind::tsc, 1);
    return encode_head(ring.reading(), "/dev/shm/ringside.chat", "");
  };
  static const std::string with = made(Content::used);
  static const std::string without = made(Content::fresh);
  return labels ? with : without;
}

std::string chunk(std::uint8_t type, std::string_view payload) {
  std::string frame(ZSTD_compressBound(payload.size()), '\0');
  static ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, -50);
  const std::size_t bytes =
      ZSTD_compress2(context, frame.data(), frame.size(), payload.data(), payload.size());
  frame.resize(bytes);
  return chunk_header(static_cast<ChunkType>(type), bytes, payload.size()) + frame;
}

std::string head(Input& in) {
  const auto choice = in.take<std::uint8_t>();
  const bool labels = (choice & 16) != 0;
  if (choice % 16 == 0) {
    static const std::string with = chunk(1, whole_head(true));
    static const std::string without = chunk(1, whole_head(false));
    return labels ? with : without;
  }
  std::string payload = whole_head(labels);
  for (unsigned left = choice % 16; left > 0; --left) {
    const auto offset = in.take<std::uint32_t>() % (payload.size() - 7);
    const auto value = in.take<std::uint64_t>();
    std::memcpy(payload.data() + offset, &value, sizeof value);
  }
  return chunk(1, payload);
}

std::string records(Input& in) {
  const std::uint32_t lane = in.take<std::uint8_t>() % 4;
  const unsigned count = in.take<std::uint8_t>();
  const auto position = in.take<std::uint64_t>() >> 2;
  const auto end = in.take<std::uint64_t>();
  const auto descriptor = in.take<std::uint64_t>();
  std::vector<Seen> all(count);
  for (unsigned i = 0; i < count; ++i) {
    all[i].lane = lane;
    all[i].position = position + std::uint64_t{i} * (1 + i % 3);
    const RecordWords words{end + i, i * 100U, descriptor, i, i, i, i};
    put_record(words, all[i].position, all[i].record);
  }
  return chunk(3, encode_records(all));
}

std::string clock(Input& in) {
  ClockChunk clock;
  const auto ticks = in.take<std::uint64_t>();
  clock.at = {static_cast<std::int64_t>(ticks), static_cast<std::int64_t>(ticks), ticks};
  clock.ticks_per_second = 1e9;
  clock.counts.earlier = in.take<std::uint16_t>();
  clock.counts.recorded = in.take<std::uint16_t>();
  clock.counts.filtered = in.take<std::uint16_t>();
  clock.counts.lost = in.take<std::uint16_t>();
  return chunk(4, encode(clock));
}

std::string file_of(Input& in, bool raw) {
  if (raw) return std::string(in.take_bytes(1U << 20));
  std::string file = file_header();
  for (std::size_t step = 0; step < kMostSteps && !in.empty(); ++step) {
    switch (in.take<std::uint8_t>() % 7) {
      case 0: file += head(in); break;
      case 1: {
        const auto type = in.take<std::uint8_t>();
        file += chunk(type, in.take_bytes(in.take<std::uint16_t>()));
        break;
      }
      case 2: file += records(in); break;
      case 3: file += clock(in); break;
      case 4: {
        const auto at = in.take<std::uint32_t>() % std::max<std::size_t>(1, file.size());
        const auto byte = in.take<std::uint8_t>();
        if (!file.empty()) file[at] = static_cast<char>(byte);
        break;
      }
      case 5:
        file.resize(file.size() - std::min<std::size_t>(file.size(), in.take<std::uint16_t>()));
        break;
      case 6: {
        const auto type = static_cast<ChunkType>(in.take<std::uint8_t>());
        const auto frame = in.take<std::uint32_t>();
        file += chunk_header(type, frame, in.take<std::uint32_t>());
        break;
      }
    }
  }
  return file;
}

void read_all(Source& source, bool raw) {
  const RingFile& file = *source.file;
  const std::uint32_t last = file.segment().overflow_lane();
  if (raw) source.records->keep_rejected();
  RecordLines lines(file, LineFormat::json, {});
  std::vector<Seen> batch;
  std::uint64_t read = 0;
  std::string text;
  for (auto next = Records::Next::more; next == Records::Next::more;) {
    batch.clear();
    next = source.records->read(batch, true);
    read += batch.size();
    FUZZ_REQUIRE(batch.size() <= kMaxHeldRecords + kMaxChunkRecords);
    for (const Seen& seen : batch) {
      FUZZ_REQUIRE(seen.lane <= last);
      FUZZ_REQUIRE(seen.record.sequence == 2 * (seen.position + 1));
      FUZZ_REQUIRE(raw || believable(seen.record));
    }
    if (!batch.empty() && believable(batch.front().record)) lines.append(batch.front(), text);
  }
  const RecordCounts& counts = source.records->counts();
  FUZZ_REQUIRE(counts.read == read + counts.rejected);
  FUZZ_REQUIRE(source.records->take_faults().size() <= 21);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  // The tool formats its output, and nobody sees it.
  return std::freopen("/dev/null", "w", stdout) != nullptr ? 0 : 1;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const auto flags = in.take<std::uint8_t>();
  const std::string bytes = file_of(in, (flags & 1) != 0);
  std::ofstream(path(), std::ios::binary) << bytes;
  if (!is_recording(path())) return 0;
  Failure failure;
  Source source = open_source(path(), &failure);
  if (source.file == nullptr) {
    FUZZ_REQUIRE(!failure.message.empty());
    return 0;
  }
  FUZZ_REQUIRE(source.file->facts().geometry.valid());
  FUZZ_REQUIRE(source.recording->marks.size() <= 1000);
  source.file->state_word();
  all_labels(source.file->segment());
  look_at_processes(source.file->segment(), source.file->facts().death_marked);
  read_all(source, (flags & 8) != 0);
  if ((flags & 2) != 0) {
    InspectOptions options;
    options.json = (flags & 4) != 0;
    FUZZ_REQUIRE(inspect(path(), options) == 0);
  }
  return 0;
}
