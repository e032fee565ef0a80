// The words for the numbers in a ring: what readers print. Another process wrote the numbers, so
// every function takes any value. A value that the format does not know is "unknown".
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "shm/label_kind.h"
#include "shm/layout.h"

namespace ringside {

namespace detail {
template <std::size_t N>
constexpr const char* word(const char* const (&words)[N], std::size_t number) {
  return number < N ? words[number] : "unknown";
}
}  // namespace detail

inline constexpr const char* kOutcomeWords[] = {"ok",     "error",   "timeout",  "rejected",
                                                "denied", "limited", "cancelled"};
inline constexpr const char* kActorKindWords[] = {"none", "user", "session", "address"};
inline constexpr const char* kSubjectKindWords[] = {"none", "room", "message", "user", "address"};
inline constexpr const char* kLabelKindWords[] = {"none",    "user", "session",
                                                  "address", "room", "message"};
inline constexpr const char* kLaneLifeWords[] = {"never", "claiming", "owned", "released", "dead"};
static_assert(sizeof kOutcomeWords / sizeof *kOutcomeWords == kOutcomeCount);

// By Misuse: a word for scripts, and what stands after a count.
struct MisuseWord {
  const char* word;
  const char* text;
};
inline constexpr MisuseWord kMisuseWords[] = {
    {"id", "calls with the id of an event for an operation, or of an operation for an event"},
    {"outcome", "outcomes that are none, which count as errors"},
    {"stage", "marks of a stage above 5, whose time is in no stage"},
    {"stamp", "stamps of another clock, whose records have no span"},
};
static_assert(sizeof kMisuseWords / sizeof *kMisuseWords == kMisuseCount);
inline constexpr const char* kMergedNamesText = "names that are cut to the name of another";
inline constexpr const char* kRefusedNamesText =
    "names refused: their table is full, or their code has another name";

constexpr const char* outcome_word(std::uint8_t outcome) {
  return detail::word(kOutcomeWords, outcome);
}
constexpr const char* actor_kind_word(ActorKind kind) {
  return detail::word(kActorKindWords, static_cast<std::size_t>(kind));
}
constexpr const char* subject_kind_word(SubjectKind kind) {
  return detail::word(kSubjectKindWords, static_cast<std::size_t>(kind));
}
constexpr const char* label_kind_word(LabelKind kind) {
  return detail::word(kLabelKindWords, static_cast<std::size_t>(kind));
}
constexpr const char* lane_life_word(LaneLife life) {
  return detail::word(kLaneLifeWords, static_cast<std::size_t>(life));
}

// The name of a lane's thread, cut at its first NUL. Every byte that is no printable ASCII is shown
// as '?', as in the table of names; a space stays. Another process wrote the bytes, and they could
// turn the direction of a text.
inline std::string lane_thread_name(const LaneHeader& header) {
  const std::uint64_t words[] = {header.thread_name[0].load(std::memory_order_relaxed),
                                 header.thread_name[1].load(std::memory_order_relaxed)};
  const auto* bytes = reinterpret_cast<const char*>(words);
  std::string name(bytes, strnlen(bytes, sizeof words));
  for (char& c : name) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return name;
}

}  // namespace ringside
