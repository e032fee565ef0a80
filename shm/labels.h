// Names for ids: `alice` for user 42. A table of bounded size, in which new labels take the places
// of old ones.
//
// The table has 512 sets of 8 entries. A label lies in the set that its kind and id give. When the
// set is full, the label that was given longest ago gives way. Any thread of any process may write.
// It takes an entry by a compare-and-swap from an even sequence to an odd one, as in the overflow
// lane, and nobody waits. Each sequence is given once, so that an entry cannot come back to what a
// reader saw before. A writer that dies inside leaves its entry odd: it is not used again.
//
//   entry's sequence   0  ->  2*n - 1  ->  2*n  ->  2*m - 1 ...    n, m: numbers from labels_given
//                     empty   odd:       readable
//                             written
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shm/label_kind.h"
#include "shm/segment.h"

namespace ringside {

// The set in which a label lies: SplitMix64's finisher (Steele, Lea, Flood 2014) over id and kind.
constexpr std::uint32_t label_set(LabelKind kind, std::uint64_t id) {
  std::uint64_t x = id + (static_cast<std::uint64_t>(kind) << 56) + 0x9e3779b97f4a7c15ULL;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
  x ^= x >> 31;
  return static_cast<std::uint32_t>(x) & (kLabelSets - 1);
}

// Gives an id its label, or, with an empty text, takes it away. The text is cut to 46 bytes, before
// a character that does not fit, and at its first NUL. A label that is given again counts as new.
// The first one allocates the table, 256 KiB. False, and counted in `labels_dropped`, when there is
// no memory, or when all entries of the set are being written.
bool give_label(Segment& segment, LabelKind kind, std::uint64_t id, std::string_view text);

struct LabelEntry {
  LabelKind kind = LabelKind::none;
  std::uint64_t id = 0;
  std::string text;
};
// Every label that the ring has, in no order. Of two that one id got at once, the later one.
std::vector<LabelEntry> all_labels(const Segment& segment);

// The label of an id. Empty when it has none. Another process wrote the bytes: they may be no text.
std::string read_label(const Segment& segment, LabelKind kind, std::uint64_t id);

}  // namespace ringside
