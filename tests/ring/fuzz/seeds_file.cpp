// Seeds for a file under a ring's name (spoilt_file.h).
#include <array>

#include "shm/labels.h"
#include "tests/ring/fuzz/fixed_world.h"
#include "tests/ring/fuzz/input.h"
#include "tests/ring/fuzz/rings.h"
#include "tests/ring/fuzz/seeds.h"

namespace ringside::fuzz {
namespace {

// What a reader compares bytes of a ring with.
void file_words(const Folder& folder) {
  folder.number(kMagic);
  folder.number(kByteOrder);
  for (const std::uint32_t word :
       {kLayoutVersion, kMinCapacity, kMaxCapacity, kMaxLanes, kMaxProcesses, OwnerLock::kDiedBit,
        OwnerLock::kTidMask, std::uint32_t{kLabelsReady}}) {
    folder.number(word);
  }
  for (const std::uint64_t word :
       {kMaxSegmentBytes, kSettling, process_word(0, 1), kPidNamespace, kBoot.words[0],
        kBoot.words[1], kTicksPerSecond, std::uint64_t{1'000'000'000'000}}) {
    folder.number(word);
  }
  // The sequences of the first labels, and the kinds with a text behind them.
  for (const std::uint64_t sequence : {1U, 2U, 3U, 4U}) folder.number(sequence);
  for (char kind = 0; kind <= static_cast<char>(kLabelKindCount); ++kind)
    folder.word(std::string(1, kind) + "label");
}

template <typename T>
std::string patch(std::uint8_t area, std::size_t offset, T value) {
  return Output()
      .put(area)
      .put(static_cast<std::uint32_t>(offset))
      .put(static_cast<std::uint8_t>(sizeof value))
      .put(value)
      .text();
}
std::string geometry(std::uint32_t lanes, std::uint32_t capacity, std::uint32_t overflow) {
  return patch(0, offsetof(SegmentHeader, lane_count), lanes) +
         patch(0, offsetof(SegmentHeader, lane_capacity), capacity) +
         patch(0, offsetof(SegmentHeader, overflow_capacity), overflow);
}

// An entry of the table of labels, in the set of `kind` and `id`. `bytes` are what the entry says:
// its kind and its text.
std::string entry(LabelKind kind, std::uint64_t id, std::uint32_t way, std::uint64_t sequence,
                  std::string_view bytes) {
  const std::size_t at =
      sizeof(Label) * (std::size_t{label_set(kind, id)} * kLabelWays + way % kLabelWays);
  std::array<char, sizeof(std::uint64_t) * kLabelWords> words{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), words.size()), words.begin());
  return patch(8, at + offsetof(Label, sequence), sequence) +
         patch(8, at + offsetof(Label, id), id) + patch(8, at + offsetof(Label, words), words);
}

// Labels of user 7, for whom open_segment asks. The table is said to have memory.
void label_seeds(const Folder& folder) {
  const auto add = [&](const std::string& name, const std::string& entries,
                       std::uint32_t state = kLabelsReady) {
    for (const unsigned flags : {0U, 4U, 16U}) {
      folder.add("label-" + name + "-" + std::to_string(flags),
                 Output()
                     .put(static_cast<std::uint8_t>(flags == 16 ? 1 : 0))
                     .put(static_cast<std::uint8_t>(flags))
                     .bytes(patch(1, offsetof(SegmentHeader, labels_state) - 256, state))
                     .bytes(entries)
                     .text());
    }
  };
  constexpr LabelKind kUser = LabelKind::user;
  const std::string one = entry(kUser, 7, 0, 2, "\1bob");
  add("one", one);
  add("without-table", one, kLabelsNever);
  add("twice", one + entry(kUser, 7, 5, 4, "\1robert"));
  add("full-set", [] {
    std::string all;
    for (std::uint32_t way = 0; way < kLabelWays; ++way)
      all += entry(kUser, 7, way, 2 * (way + 1), "\1" + std::to_string(way));
    return all;
  }());
  add("being-written", entry(kUser, 7, 0, 3, "\1bob"));
  add("in-a-wrong-set", entry(kUser, 8, 0, 2, "\1bob") + entry(kUser, 7, 1, 4, "\2bob"));
  add("of-no-kind", entry(kUser, 7, 0, 2, "\6bob") + entry(kUser, 7, 1, 4, std::string(4, '\0')));
  add("without-end", entry(kUser, 7, 0, ~std::uint64_t{1}, "\1" + std::string(60, 'x')));
  // The records of a used ring are of user 1.
  add("no-text", entry(kUser, 7, 0, 2, "\1\x1b[31m\n\xc3\xff\xe2\x80\xae") +
                     entry(kUser, 1, 0, 1000, "\1\x1b[31m\n\xc3\xff\xe2\x80\xae"));
}

}  // namespace

void file_seeds(const Folder& folder) {
  const auto opened = [](unsigned content, unsigned flags, const std::string& patches = {}) {
    return Output()
        .put(static_cast<std::uint8_t>(content))
        .put(static_cast<std::uint8_t>(flags))
        .bytes(patches)
        .text();
  };
  for (unsigned content = 0; content < std::size(kContents); ++content) {
    for (const unsigned flags : {0U, 4U, 8U, 16U}) {
      folder.add("valid-" + std::to_string(content) + "-" + std::to_string(flags),
                 opened(content, flags));
    }
  }
  // Counts at every boundary. With flags 0 the size contradicts the counts, with flags 1 it follows
  // from them.
  constexpr std::uint32_t kCounts[] = {
      0, 1, 2, 63, 64, 65, 4096, 4097, 1U << 20, (1U << 20) + 1, 1U << 31, 0xffffffff};
  for (const std::uint32_t lanes : kCounts) {
    for (const std::uint32_t capacity : {0U, 64U, 65U, 1U << 20, 1U << 21, 1U << 31, 0xffffffffU}) {
      const std::string name = std::to_string(lanes) + "x" + std::to_string(capacity);
      folder.add("counts-" + name, opened(1, 0, geometry(lanes, capacity, 64)));
      folder.add("fitting-" + name, opened(1, 1, geometry(lanes, capacity, capacity)));
    }
  }
  // 2^28 lanes of 2^28 records: the lower 32 bits of the size look like a small ring's. 16 lanes
  // are valid, and more than the spoilt ring has.
  folder.add("product", opened(1, 1, geometry(0x10000000, 0x10000000, 64)));
  folder.add("many-lanes", opened(1, 1, geometry(16, 64, 64)));
  const auto whole = static_cast<std::uint32_t>(kGeometries[1].segment_bytes());
  for (const std::uint32_t length : {0U, 1023U, 1024U, 4096U, 163840U, whole - 1, whole}) {
    folder.add("length-" + std::to_string(length),
               Output().put<std::uint8_t>(1).put<std::uint8_t>(2).put(length).text());
  }
  for (const std::uint64_t word :
       {std::uint64_t{1} << 62, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    const std::string name = std::to_string(word >> 61);
    for (const unsigned flags : {4U, 16U}) {
      const std::string kind = name + "-" + std::to_string(flags);
      folder.add("head-" + kind, opened(2, flags, patch(6, offsetof(LaneHeader, head), word)));
      folder.add("anchor-" + kind,
                 opened(2, flags, patch(0, offsetof(SegmentHeader, anchor_monotonic_ns), word)));
      folder.add("clock-" + kind,
                 opened(1, flags,
                        patch(0, offsetof(SegmentHeader, anchor_ticks), word) +
                            patch(0, offsetof(SegmentHeader, ticks_per_second), word)));
      folder.add("process-" + kind,
                 opened(1, flags, patch(1, offsetof(SegmentHeader, registry) - 256, word)));
    }
  }
  folder.add("no-clock",
             opened(1, 16, patch(0, offsetof(SegmentHeader, ticks_per_second), std::uint64_t{0})));
  folder.add("other-version", opened(1, 0, patch(0, offsetof(SegmentHeader, layout_version), 99U)));
  folder.add("other-order",
             opened(1, 0, patch(0, offsetof(SegmentHeader, byte_order), 0x04030201U)));
  folder.add("other-clock", opened(1, 0, patch(0, offsetof(SegmentHeader, clock_kind), 0U)));
  folder.add("name", opened(1, 4, patch(4, 8, std::uint64_t{0xff1b0a0d08ffc3ff})));
  // What a dead server's threads were in.
  const std::string died = patch(7, offsetof(ProcessEntry, lock), OwnerLock::kDiedBit) +
                           patch(6, offsetof(LaneHeader, owner), OwnerLock::kDiedBit) +
                           patch(6, offsetof(LaneHeader, in_flight), std::uint64_t{1}) +
                           patch(6, offsetof(LaneHeader, in_flight) + 8, std::uint64_t{1});
  for (const unsigned flags : {0U, 4U, 16U, 16U + 32, 16U + 64, 16U + 128})
    folder.add("died-" + std::to_string(flags), opened(1, flags, died));
  folder.add(
      "untraced",
      opened(1, 0, patch(1, offsetof(SegmentHeader, untraced_threads) - 256, std::uint64_t{3})));
  label_seeds(folder);
  // Whole files.
  const std::uint8_t raw = 255;
  folder.add("file-empty", Output().put(raw).put<std::uint8_t>(0).text());
  folder.add("file-text",
             Output().put(raw).put<std::uint8_t>(0).bytes(std::string(2000, 'x')).text());
  const SpoiltRing ring({1, 64, 64}, Content::fresh, ClockKind::tsc, 1);
  folder.add("file-header",
             Output().put(raw).put<std::uint8_t>(0).bytes(ring.beginning(1024)).text());
  file_words(folder);
}

}  // namespace ringside::fuzz
