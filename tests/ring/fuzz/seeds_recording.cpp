// Seeds for the file of a recording (recording.cpp).
#include "tests/ring/fuzz/fixed_world.h"
#include "tests/ring/fuzz/input.h"
#include "tests/ring/fuzz/seeds.h"
#include "tools/ringside/recording/format.h"

namespace ringside::fuzz {
namespace {

using tool::ChunkType;

Output begin(unsigned flags) { return Output().put(static_cast<std::uint8_t>(flags)); }

// The steps of recording.cpp.
std::string head(bool labels = false) {
  return Output().put<std::uint8_t>(0).put<std::uint8_t>(labels ? 16 : 0).text();
}
std::string patched(std::uint32_t offset, std::uint64_t value) {
  return Output().put<std::uint8_t>(0).put<std::uint8_t>(1).put(offset).put(value).text();
}
std::string any(ChunkType type, std::string_view payload) {
  return Output()
      .put<std::uint8_t>(1)
      .put(static_cast<std::uint8_t>(type))
      .put(static_cast<std::uint16_t>(payload.size()))
      .bytes(payload)
      .text();
}
std::string records(std::uint8_t lane, std::uint8_t count, std::uint64_t position) {
  const std::uint64_t end = instant_at(kStartNs).ticks;
  return Output()
      .put<std::uint8_t>(2)
      .put(lane)
      .put(count)
      .put(position << 2)
      .put(end)
      .put(pack_descriptor(1, Kind::operation, Outcome::error, kFlagStages, 7))
      .text();
}
std::string clock(std::uint16_t recorded) {
  return Output()
      .put<std::uint8_t>(3)
      .put(instant_at(kStartNs).ticks)
      .put<std::uint16_t>(1)
      .put(recorded)
      .put<std::uint16_t>(2)
      .put<std::uint16_t>(3)
      .text();
}

}  // namespace

void recording_seeds(const Folder& folder) {
  const std::string good = head() + clock(0) + records(0, 20, 5) + records(2, 9, 0) + clock(29);
  tool::MarkChunk mark;
  mark.condition = "latency > 1s";
  const std::string ended = good + any(ChunkType::mark, tool::encode(mark)) + clock(29) +
                            any(ChunkType::end, tool::encode_end("it was interrupted"));
  const auto add = [&](const std::string& name, const std::string& steps) {
    for (const unsigned flags : {0U, 2U, 6U, 8U})
      folder.add(name + "-" + std::to_string(flags), begin(flags).bytes(steps).text());
  };
  add("whole", ended);
  add("without-end", good);
  add("two-heads", good + head(true) + clock(29));
  add("wrong-lane", head() + clock(0) + records(3, 20, 5) + clock(20));
  add("missing", head() + clock(0) + records(0, 20, 5) + clock(500));
  add("last-position", head() + clock(0) + records(0, 20, (std::uint64_t{1} << 61)) + clock(20));
  add("spoilt", good + Output().put<std::uint8_t>(4).put<std::uint32_t>(9000).put('x').text());
  add("cut", ended + Output().put<std::uint8_t>(5).put<std::uint16_t>(30).text());
  add("no-clock", head() + records(0, 20, 5));
  // The head begins with two texts and two numbers, which take 26 bytes; then comes the image.
  for (const std::uint32_t offset : {0U, 24U, 25U, 26U, 34U, 58U, 66U, 74U, 200U, 354U})
    add("head-" + std::to_string(offset), patched(offset, ~std::uint64_t{0}) + good);
  add("totals", head() + any(ChunkType::totals, {"\1\0\1\1\5\1\2\3", 8}) + clock(0));
  add("records", head() + clock(0) + any(ChunkType::records, {"\0\xff\xff\x03\0", 5}) + clock(9));
  add("sizes", head() + clock(0) +
                   Output()
                       .put<std::uint8_t>(6)
                       .put<std::uint8_t>(3)
                       .put<std::uint32_t>(~0U)
                       .put<std::uint32_t>(~0U)
                       .text());
  folder.add("raw-header", begin(1).bytes(tool::file_header()).text());
  folder.word(tool::file_header());
  folder.word(tool::chunk_header(ChunkType::end, 0, 0).substr(0, 8));
}

}  // namespace ringside::fuzz
