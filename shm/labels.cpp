#include "shm/labels.h"

#include <array>
#include <cstring>

#include "shm/populate.h"
#include "shm/test_points.h"

namespace ringside {

namespace {

// Where there was no memory, this many labels are dropped before it is tried again.
constexpr std::uint64_t kRetryAfter = 1024;

// A sequence that no entry has while it can be read.
constexpr std::uint64_t kWritten = ~std::uint64_t{0};

// An entry's last six words: the kind in one byte, then the text and its NULs.
using Words = std::array<std::uint64_t, kLabelWords>;
static_assert(sizeof(Words) == 1 + kLabelBytes);

Words words_for(LabelKind kind, std::string_view text) {
  text = text.substr(0, text.find('\0'));
  if (text.size() >= kLabelBytes) {
    std::size_t fits = kLabelBytes - 1;
    // Bytes 10xxxxxx go on with a character of UTF-8.
    while (fits > 0 && (static_cast<unsigned char>(text[fits]) & 0xc0) == 0x80) --fits;
    text = text.substr(0, fits);
  }
  char bytes[sizeof(Words)] = {static_cast<char>(kind)};
  if (!text.empty()) std::memcpy(bytes + 1, text.data(), text.size());
  Words words;
  std::memcpy(words.data(), bytes, sizeof words);
  return words;
}

// A whole copy of an entry.
struct Copy {
  std::uint64_t sequence = 0;  // even; 0: empty, or being written
  std::uint64_t id = 0;
  Words words{};
  bool is(LabelKind kind, std::uint64_t of_id) const {
    return sequence != 0 && id == of_id && (words[0] & 0xff) == static_cast<std::uint64_t>(kind);
  }
};

Copy copy_of(const Label& label) {
  Copy copy;
  // ORDER publish -> poll.
  const std::uint64_t sequence = label.sequence.load(std::memory_order_acquire);
  if (sequence == 0 || (sequence & 1) != 0) return {};
  // ORDER words -> check.
  copy.id = label.id.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < kLabelWords; ++i)
    copy.words[i] = label.words[i].load(std::memory_order_acquire);
  if (label.sequence.load(std::memory_order_relaxed) != sequence) return {};
  copy.sequence = sequence;
  return copy;
}

Label* set_of(const Segment& segment, LabelKind kind, std::uint64_t id) {
  return segment.labels() + std::size_t{label_set(kind, id)} * kLabelWays;
}

std::string text_of(const Copy& copy) {
  char bytes[sizeof(Words)];
  std::memcpy(bytes, copy.words.data(), sizeof bytes);
  return {bytes + 1, strnlen(bytes + 1, kLabelBytes)};
}

// The label of an id that was given last, among those of its set.
Copy find(const Label* set, LabelKind kind, std::uint64_t id, std::uint32_t* at) {
  Copy found;
  for (std::uint32_t i = 0; i < kLabelWays; ++i) {
    const Copy copy = copy_of(set[i]);
    if (!copy.is(kind, id) || copy.sequence < found.sequence) continue;
    found = copy;
    *at = i;
  }
  return found;
}

std::uint64_t next_sequence(Segment& segment) {
  return 2 * (segment.header().labels_given.fetch_add(1, std::memory_order_relaxed) + 1);
}

// Takes an entry that had this sequence. Whoever else took it keeps it.
bool take(Label& label, std::uint64_t had, std::uint64_t sequence) {
  // ORDER slot hand-over.
  return label.sequence.compare_exchange_strong(had, sequence - 1, std::memory_order_acquire,
                                                std::memory_order_relaxed);
}

void write(Label& label, std::uint64_t id, const Words& words) {
  RINGSIDE_TEST_POINT(label_taken);
  // ORDER words -> check.
  label.id.store(id, std::memory_order_release);
  for (std::size_t i = 0; i < kLabelWords; ++i) {
    label.words[i].store(words[i], std::memory_order_release);
    if (i == 1) RINGSIDE_TEST_POINT(label_half);
  }
}

bool enter(Segment& segment, Label* set, LabelKind kind, std::uint64_t id, const Words& words) {
  const std::uint64_t sequence = next_sequence(segment);
  // Each attempt fails only because another writer has taken the entry.
  for (std::uint32_t attempt = 0; attempt < 2 * kLabelWays; ++attempt) {
    std::uint32_t at = 0;
    std::uint64_t had = find(set, kind, id, &at).sequence;
    if (had == 0) {
      had = kWritten;
      for (std::uint32_t i = 0; i < kLabelWays; ++i) {
        const std::uint64_t here = set[i].sequence.load(std::memory_order_relaxed);
        if ((here & 1) != 0 || here >= had) continue;
        had = here;
        at = i;
      }
      if (had == kWritten) return false;
    }
    if (!take(set[at], had, sequence)) continue;
    write(set[at], id, words);
    // ORDER publish -> poll.
    set[at].sequence.store(sequence, std::memory_order_release);
    return true;
  }
  return false;
}

// Every entry of the id is emptied: two threads may have labelled it at once.
void remove(Segment& segment, Label* set, LabelKind kind, std::uint64_t id) {
  for (std::uint32_t i = 0; i < kLabelWays; ++i) {
    const Copy copy = copy_of(set[i]);
    if (!copy.is(kind, id) || !take(set[i], copy.sequence, next_sequence(segment))) continue;
    write(set[i], 0, Words{});
    set[i].sequence.store(0, std::memory_order_release);
  }
}

// The table has memory, or gets it now. Several threads may allocate at once; that does no harm.
bool has_table(Segment& segment) {
  SegmentHeader& header = segment.header();
  if (header.labels_state.load(std::memory_order_acquire) == kLabelsReady) return true;
  if (header.labels_dropped.load(std::memory_order_relaxed) % kRetryAfter != 0) return false;
  if (!populate(segment.labels(), sizeof(Label) * kLabelCount)) return false;
  // ORDER pages: a reader that sees the state may touch the table.
  header.labels_state.store(kLabelsReady, std::memory_order_release);
  return true;
}

}  // namespace

bool give_label(Segment& segment, LabelKind kind, std::uint64_t id, std::string_view text) {
  const Words words = words_for(kind, text);
  const bool is_removal = words[0] >> 8 == 0 && text.substr(0, text.find('\0')).empty();
  SegmentHeader& header = segment.header();
  if (is_removal && header.labels_state.load(std::memory_order_acquire) != kLabelsReady)
    return true;
  bool given = has_table(segment);
  if (given) {
    Label* set = set_of(segment, kind, id);
    if (is_removal) {
      remove(segment, set, kind, id);
    } else {
      given = enter(segment, set, kind, id, words);
    }
  }
  if (!given) header.labels_dropped.fetch_add(1, std::memory_order_relaxed);
  return given;
}

std::string read_label(const Segment& segment, LabelKind kind, std::uint64_t id) {
  // ORDER pages.
  if (segment.header().labels_state.load(std::memory_order_acquire) != kLabelsReady) return {};
  std::uint32_t at = 0;
  const Copy found = find(set_of(segment, kind, id), kind, id, &at);
  return found.sequence != 0 ? text_of(found) : std::string();
}

std::vector<LabelEntry> all_labels(const Segment& segment) {
  std::vector<LabelEntry> out;
  if (segment.header().labels_state.load(std::memory_order_acquire) != kLabelsReady) return out;
  for (std::uint32_t i = 0; i < kLabelCount; ++i) {
    const Label& label = segment.labels()[i];
    if (label.sequence.load(std::memory_order_relaxed) == 0) continue;  // most are empty
    const Copy copy = copy_of(label);
    const auto kind = static_cast<LabelKind>(copy.words[0] & 0xff);
    if (copy.sequence == 0 || kind == LabelKind::none ||
        static_cast<unsigned>(kind) >= kLabelKindCount) {
      continue;
    }
    std::uint32_t at = 0;
    const Copy latest = find(set_of(segment, kind, copy.id), kind, copy.id, &at);
    if (latest.sequence == copy.sequence) out.push_back({kind, copy.id, text_of(copy)});
  }
  return out;
}

}  // namespace ringside
