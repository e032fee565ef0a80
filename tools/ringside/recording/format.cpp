#include "tools/ringside/recording/format.h"

#include <boost/crc.hpp>
#include <cstring>

#include "daemon/storage/codec.h"

namespace ringside::tool {

namespace {

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <typename T>
T get(const unsigned char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

std::uint32_t crc_of(const void* bytes, std::size_t size) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes, size);
  return crc.checksum();
}

// Ends a frame that has all but its checksum.
std::string with_crc(std::string frame) {
  put(frame, crc_of(frame.data() + 8, kSkippedBytes - 4));
  return frame;
}
bool fits(const unsigned char* bytes, std::uint32_t frame) {
  return get<std::uint32_t>(bytes) == frame && get<std::uint32_t>(bytes + 4) == kSkippedBytes &&
         get<std::uint32_t>(bytes + kFrameHeaderBytes - 4) == crc_of(bytes + 8, kSkippedBytes - 4);
}

std::string text_of(Decoder& in) {
  std::string text = in.text();
  if (text.size() > kMaxTextBytes) in.fail();
  return text;
}

}  // namespace

const char* name_of(ChunkType type) {
  switch (type) {
    case ChunkType::head: return "head";
    case ChunkType::totals: return "totals";
    case ChunkType::records: return "records";
    case ChunkType::clock: return "clock";
    case ChunkType::mark: return "mark";
    case ChunkType::end: return "end";
    case ChunkType::remainders: return "remainders";
  }
  return "unknown";
}

std::string encode(const ClockChunk& clock) {
  Encoder out;
  out.u64(clock.at.ticks);
  out.i64(clock.at.monotonic_ns);
  out.i64(clock.at.realtime_ns);
  out.real(clock.ticks_per_second);
  out.u64(clock.state ? static_cast<std::uint64_t>(*clock.state) + 1 : 0);
  out.u64(clock.uid);
  out.u64(clock.counts.earlier);
  out.u64(clock.counts.recorded);
  out.u64(clock.counts.filtered);
  out.u64(clock.counts.lost);
  return out.take();
}

bool decode(std::string_view payload, ClockChunk& clock) {
  Decoder in(payload);
  clock.at.ticks = in.u64();
  clock.at.monotonic_ns = in.i64();
  clock.at.realtime_ns = in.i64();
  clock.ticks_per_second = in.real();
  // A clock that is slower than a thousand ticks a second, or faster than any counter, is none.
  if (!(clock.ticks_per_second >= 1e3 && clock.ticks_per_second <= 1e12)) in.fail();
  const std::uint64_t state = in.below(kRingStateNames.size() + 1);
  clock.state = std::nullopt;
  if (state > 0) clock.state = static_cast<RingState>(state - 1);
  clock.uid = static_cast<std::uint32_t>(in.below(std::uint64_t{1} << 32));
  clock.counts.earlier = in.u64();
  clock.counts.recorded = in.u64();
  clock.counts.filtered = in.u64();
  clock.counts.lost = in.u64();
  return in.at_end();
}

std::string encode(const MarkChunk& mark) {
  Encoder out;
  out.text(std::string_view(mark.condition).substr(0, kMaxTextBytes));
  out.u64(mark.lane);
  out.u64(mark.position);
  out.u64(mark.end_ticks);
  return out.take();
}

bool decode(std::string_view payload, MarkChunk& mark) {
  Decoder in(payload);
  mark.condition = text_of(in);
  mark.lane = static_cast<std::uint32_t>(in.below(kMaxLanes + 1));
  mark.position = in.u64();
  mark.end_ticks = in.u64();
  return in.at_end();
}

std::string encode_end(const std::string& why) {
  Encoder out;
  out.text(std::string_view(why).substr(0, kMaxTextBytes));
  return out.take();
}

bool decode_end(std::string_view payload, std::string& why) {
  Decoder in(payload);
  why = text_of(in);
  return in.at_end();
}

std::string file_header() {
  std::string out;
  put(out, kHeaderFrame);
  put(out, kSkippedBytes);
  out += kRecordingMagic;
  put(out, kRecordingVersion);
  return with_crc(std::move(out));
}

std::string chunk_header(ChunkType type, std::size_t frame_bytes, std::size_t payload_bytes) {
  std::string out;
  put(out, kChunkFrame);
  put(out, kSkippedBytes);
  put(out, static_cast<std::uint32_t>(type));
  put(out, static_cast<std::uint32_t>(frame_bytes));
  put(out, static_cast<std::uint32_t>(payload_bytes));
  return with_crc(std::move(out));
}

std::optional<std::uint32_t> version_in(const unsigned char* bytes) {
  if (!fits(bytes, kHeaderFrame) ||
      std::memcmp(bytes + 8, kRecordingMagic.data(), kRecordingMagic.size()) != 0)
    return std::nullopt;
  return get<std::uint32_t>(bytes + 16);
}

std::optional<ChunkHeader> chunk_header_in(const unsigned char* bytes) {
  if (!fits(bytes, kChunkFrame)) return std::nullopt;
  const ChunkHeader header{static_cast<ChunkType>(get<std::uint32_t>(bytes + 8)),
                           get<std::uint32_t>(bytes + 12), get<std::uint32_t>(bytes + 16)};
  if (header.frame_bytes > kMaxFrameBytes || header.payload_bytes > kMaxPayloadBytes)
    return std::nullopt;
  return header;
}

}  // namespace ringside::tool
