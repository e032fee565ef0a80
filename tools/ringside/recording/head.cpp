#include "tools/ringside/recording/head.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "daemon/storage/codec.h"
#include "shm/lane_reader.h"
#include "shm/segment_check.h"
#include "tools/ringside/recording/format.h"

namespace ringside::tool {

namespace {

// Leaves room for one more lane, whose totals have at most 26,000 bytes.
constexpr std::size_t kTotalsBytes = kMaxPayloadBytes - 65'536;

// Copies words that a server may be writing. Ascending, with acquire: what a state in front of
// other words vouches for is copied after it.
void copy_words(const void* from, std::uint64_t bytes, std::string& out) {
  const auto* words = static_cast<const std::uint64_t*>(from);
  const std::size_t at = out.size();
  out.resize(at + static_cast<std::size_t>(bytes));
  for (std::uint64_t i = 0; i < bytes / 8; ++i) {
    const std::uint64_t word = __atomic_load_n(words + i, __ATOMIC_ACQUIRE);
    std::memcpy(out.data() + at + i * 8, &word, 8);
  }
}

// A label that was given a new text while it was copied is left out.
void copy_labels(const Label* labels, std::string& out) {
  for (std::uint32_t i = 0; i < kLabelCount; ++i) {
    const std::size_t at = out.size();
    copy_words(labels + i, sizeof(Label), out);
    std::uint64_t sequence = 0;
    std::memcpy(&sequence, out.data() + at, sizeof sequence);
    if (labels[i].sequence.load(std::memory_order_relaxed) != sequence)
      std::memset(out.data() + at, 0, sizeof(Label));
  }
}

std::string text_in(Decoder& in) {
  std::string text = in.text();
  if (text.size() > kMaxTextBytes) in.fail();
  return text;
}

}  // namespace

std::string encode_head(const Segment& segment, const std::string& path,
                        const std::string& filter) {
  const SegmentHeader& header = segment.header();
  const std::uint32_t processes =
      std::min(header.processes_used.load(std::memory_order_acquire), kMaxProcesses);
  // ORDER pages.
  const bool labels = header.labels_state.load(std::memory_order_acquire) == kLabelsReady;
  std::string image;
  copy_words(&header, segment.geometry().processes_offset(), image);
  copy_words(segment.processes(), sizeof(ProcessEntry) * std::uint64_t{processes}, image);
  if (labels) copy_labels(segment.labels(), image);
  Encoder out;
  out.text(std::string_view(path).substr(0, kMaxTextBytes));
  out.text(std::string_view(filter).substr(0, kMaxTextBytes));
  out.u64(processes);
  out.flag(labels);
  out.raw(image.data(), image.size());
  return out.take();
}

std::vector<std::string> encode_totals(const Segment& segment) {
  std::vector<std::string> payloads;
  Encoder lanes;
  std::uint64_t count = 0;
  const auto finish = [&] {
    Encoder out;
    out.u64(count);
    payloads.push_back(out.take() + lanes.take());
    lanes = Encoder();
    count = 0;
  };
  std::size_t bytes = 0;
  TotalsCopy totals;
  for (std::uint32_t lane = 0; lane <= segment.overflow_lane(); ++lane) {
    if (!lane_readable(segment.lane_header(lane))) continue;
    copy_totals(segment.totals(lane), totals);
    Encoder ids;
    std::uint64_t used = 0;
    for (std::uint32_t id = 0; id < kIdCount; ++id) {
      const TotalsCopy::Entry& entry = totals.entries[id];
      if ((entry.recorded | entry.skipped | entry.errors | entry.ticks) == 0) continue;
      ++used;
      ids.u64(id);
      ids.u64(entry.recorded);
      ids.u64(entry.skipped);
      ids.u64(entry.errors);
      ids.u64(entry.ticks);
    }
    const std::string of_lane = ids.take();
    if (bytes + of_lane.size() > kTotalsBytes) {
      finish();
      bytes = 0;
    }
    lanes.u64(lane);
    lanes.u64(used);
    lanes.raw(of_lane.data(), of_lane.size());
    bytes += of_lane.size() + 8;
    ++count;
  }
  finish();
  return payloads;
}

std::string encode_remainders(const Segment& segment) {
  Encoder lanes;
  std::uint64_t count = 0;
  for (std::uint32_t lane = 0; lane <= segment.overflow_lane(); ++lane) {
    const LaneHeader& header = segment.lane_header(lane);
    // Under a living owner the record at head is just being written.
    if (!lane_readable(header) || header.life() != LaneLife::dead) continue;
    const std::uint64_t capacity = segment.geometry().capacity(lane);
    const Slot* slots = segment.slots(lane);
    if (lane_remainder(slots, header, capacity) == Remainder::clean) continue;
    const std::uint64_t head = header.head.load(std::memory_order_relaxed);
    const Slot& slot = slots[head & (capacity - 1)];
    lanes.u64(lane);
    lanes.u64(slot.sequence.load(std::memory_order_relaxed));
    lanes.u64(slot.words[0].load(std::memory_order_relaxed));
    ++count;
  }
  if (count == 0) return "";
  Encoder out;
  out.u64(count);
  return out.take() + lanes.take();
}

bool decode_head(std::string_view payload, Head& head) {
  Decoder in(payload);
  std::string path = text_in(in);
  std::string filter = text_in(in);
  const std::uint64_t processes = in.below(kMaxProcesses + 1);
  const bool labels = in.flag();
  const std::string_view image = in.rest();
  HeaderBytes bytes;
  if (!in.good() || image.size() < sizeof bytes.bytes) return false;
  std::memcpy(bytes.bytes, image.data(), sizeof bytes.bytes);
  SegmentFacts facts;
  Failure failure;
  if (!check_header(bytes.bytes, kMaxSegmentBytes, path, &facts, &failure)) return false;
  const Geometry& geometry = facts.geometry;
  const std::uint64_t first = geometry.processes_offset();
  const std::uint64_t entries = sizeof(ProcessEntry) * processes;
  const std::uint64_t names = labels ? sizeof(Label) * std::uint64_t{kLabelCount} : 0;
  if (image.size() != first + entries + names) return false;
  const Geometry& had = head.geometry;
  const bool same = had.lane_count == geometry.lane_count &&
                    had.lane_capacity == geometry.lane_capacity &&
                    had.overflow_capacity == geometry.overflow_capacity;
  if (head.memory != nullptr && !same) return false;
  if (head.memory == nullptr) head.memory = Mapping::memory(geometry.segment_bytes());
  if (head.memory == nullptr) return false;
  head.path = std::move(path);
  head.filter = std::move(filter);
  head.geometry = geometry;
  unsigned char* memory = head.memory->data();
  std::memcpy(memory, image.data(), first);
  std::memcpy(memory + first, image.data() + first, entries);
  if (labels) std::memcpy(memory + geometry.labels_offset(), image.data() + first + entries, names);
  return true;
}

bool decode_totals(std::string_view payload, const Head& head) {
  Decoder in(payload);
  const std::uint64_t lanes = in.count(2, std::uint64_t{head.geometry.lane_count} + 1);
  for (std::uint64_t i = 0; i < lanes && in.good(); ++i) {
    const auto lane =
        static_cast<std::uint32_t>(in.below(std::uint64_t{head.geometry.lane_count} + 1));
    const std::uint64_t ids = in.count(5, kIdCount);
    if (!in.good()) return false;
    auto* totals =
        reinterpret_cast<Totals*>(head.memory->data() + head.geometry.block_offset(lane));
    for (std::uint64_t n = 0; n < ids; ++n) {
      Totals& total = totals[in.below(kIdCount)];
      total.recorded.store(in.u64(), std::memory_order_relaxed);
      total.skipped.store(in.u64(), std::memory_order_relaxed);
      total.errors.store(in.u64(), std::memory_order_relaxed);
      total.ticks.store(in.u64(), std::memory_order_relaxed);
    }
  }
  return in.at_end();
}

bool decode_remainders(std::string_view payload, const Head& head) {
  Decoder in(payload);
  const std::uint64_t lanes = in.count(3, std::uint64_t{head.geometry.lane_count} + 1);
  for (std::uint64_t i = 0; i < lanes && in.good(); ++i) {
    const auto lane =
        static_cast<std::uint32_t>(in.below(std::uint64_t{head.geometry.lane_count} + 1));
    const std::uint64_t sequence = in.u64();
    const std::uint64_t word = in.u64();
    if (!in.good()) return false;
    unsigned char* const memory = head.memory->data();
    const auto* header = reinterpret_cast<const LaneHeader*>(memory + kLaneHeadersOffset +
                                                             sizeof(LaneHeader) * lane);
    const std::uint64_t position = header->head.load(std::memory_order_relaxed);
    auto* slots = reinterpret_cast<Slot*>(memory + head.geometry.block_offset(lane) +
                                          sizeof(Totals) * kIdCount);
    Slot& slot = slots[position & (head.geometry.capacity(lane) - 1)];
    slot.sequence.store(sequence, std::memory_order_relaxed);
    slot.words[0].store(word, std::memory_order_relaxed);
  }
  return in.at_end();
}

}  // namespace ringside::tool
