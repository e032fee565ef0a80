#include "tools/ringside/recording/columns.h"

#include <cstddef>

#include "daemon/storage/codec.h"
#include "shm/lane.h"

namespace ringside::tool {

namespace {

// The sequence is twice the position, and more.
constexpr std::uint64_t kPositions = std::uint64_t{1} << 62;
constexpr std::uint64_t kLeastBytes = 18;  // of a record: one for each number

// Three parts of a word. Packed spans of stages have 21 bits, and the last part the top bit, too.
constexpr unsigned kParts = 3;
std::uint64_t part_of(std::uint64_t word, unsigned part) {
  word >>= part * kStageBits;
  return part == kParts - 1 ? word : word & kStageMask;
}
std::uint64_t end_of(const RecordWords& words) { return words.start + words.duration; }

}  // namespace

std::string encode_records(const std::vector<Seen>& records) {
  Encoder out;
  out.u64(records.empty() ? 0 : records.front().lane);
  out.u64(records.size());
  out.u64(records.empty() ? 0 : records.front().position);
  std::vector<RecordWords> all;
  all.reserve(records.size());
  for (const Seen& seen : records) all.push_back(words_of(seen.record));

  for (std::size_t i = 0; i < records.size(); ++i)
    out.u64(i == 0 ? 0 : records[i].position - records[i - 1].position - 1);
  std::uint64_t end = 0;
  for (const RecordWords& words : all) {
    out.i64(static_cast<std::int64_t>(words.start - end));
    end = end_of(words);
  }
  for (const RecordWords& words : all) out.i64(static_cast<std::int64_t>(words.duration));
  for (unsigned shift = 0; shift < 64; shift += 8) {
    for (const RecordWords& words : all) {
      const auto byte = static_cast<unsigned char>(words.descriptor >> shift);
      out.raw(&byte, 1);
    }
  }
  for (const RecordWords& words : all) out.u64(words.actor);
  for (const RecordWords& words : all) out.u64(words.subject);
  for (unsigned part = 0; part < kParts; ++part)
    for (const RecordWords& words : all) out.u64(part_of(words.stages_or_value, part));
  for (unsigned part = 0; part < kParts; ++part)
    for (const RecordWords& words : all) out.u64(part_of(words.stages_or_context, part));
  return out.take();
}

bool decode_records(std::string_view payload, std::uint32_t last_lane, std::vector<Seen>& into) {
  Decoder in(payload);
  const auto lane = static_cast<std::uint32_t>(in.below(std::uint64_t{last_lane} + 1));
  const std::uint64_t count = in.count(kLeastBytes, kMaxChunkRecords);
  std::uint64_t position = in.below(kPositions);
  if (!in.good()) return false;
  std::vector<RecordWords> all(static_cast<std::size_t>(count));
  std::vector<std::uint64_t> positions;
  positions.reserve(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    position += in.below(kPositions - position) + (i == 0 ? 0 : 1);
    positions.push_back(position);
  }
  for (RecordWords& words : all) words.start = static_cast<std::uint64_t>(in.i64());
  std::uint64_t end = 0;
  for (RecordWords& words : all) {
    words.duration = static_cast<std::uint64_t>(in.i64());
    words.start += end;
    end = end_of(words);
  }
  for (unsigned shift = 0; shift < 64; shift += 8) {
    for (RecordWords& words : all) {
      unsigned char byte = 0;
      in.raw(&byte, 1);
      words.descriptor |= std::uint64_t{byte} << shift;
    }
  }
  for (RecordWords& words : all) words.actor = in.u64();
  for (RecordWords& words : all) words.subject = in.u64();
  for (unsigned part = 0; part < kParts; ++part)
    for (RecordWords& words : all) words.stages_or_value |= in.u64() << part * kStageBits;
  for (unsigned part = 0; part < kParts; ++part)
    for (RecordWords& words : all) words.stages_or_context |= in.u64() << part * kStageBits;
  if (!in.at_end()) return false;
  into.reserve(into.size() + all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    Seen& seen = into.emplace_back();
    seen.lane = lane;
    seen.position = positions[i];
    put_record(all[i], positions[i], seen.record);
  }
  return true;
}

}  // namespace ringside::tool
