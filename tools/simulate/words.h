// The simulated chat server's words: those of shm/chat_words.def, and one operation of its own.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "shm/layout.h"
#include "shm/record.h"

namespace ringside::simulate {

enum class Op : std::uint8_t {
#define RINGSIDE_CHAT_OPERATION(NAME, category) NAME,
#include "shm/chat_words.def"
  // A long poll: it is answered when there is news. The server declares that it waits for its
  // client.
  AWAIT_NEWS,
  none
};
inline constexpr std::size_t kOps = static_cast<std::size_t>(Op::none);

enum class Event : std::uint16_t {
#define RINGSIDE_CHAT_EVENT(NAME, Name, ...) NAME,
#include "shm/chat_words.def"
  none
};
inline constexpr std::size_t kEvents = static_cast<std::size_t>(Event::none);

enum class Stage : std::uint8_t {
#define RINGSIDE_CHAT_STAGE(name, ...) name,
#include "shm/chat_words.def"
  none
};
inline constexpr std::size_t kStagesOfOp = static_cast<std::size_t>(Stage::none);

enum class Code : std::uint16_t {
  none = 0,
#define RINGSIDE_CHAT_ERROR(code, NAME, outcome, meaning) NAME = code,
#include "shm/chat_words.def"
};

struct OpWord {
  const char* name;
  const char* category;
};
inline constexpr std::array<OpWord, kOps> kOpWords = {{
#define RINGSIDE_CHAT_OPERATION(NAME, category) {#NAME, category},
#include "shm/chat_words.def"
    {"AWAIT_NEWS", "user"},
}};
inline constexpr std::array<const char*, kEvents> kEventNames = {
#define RINGSIDE_CHAT_EVENT(NAME, Name, ...) #NAME,
#include "shm/chat_words.def"
};
inline constexpr std::array<const char*, kStagesOfOp> kStageNames = {
#define RINGSIDE_CHAT_STAGE(name, ...) #name,
#include "shm/chat_words.def"
};

struct CodeWord {
  Code code;
  const char* name;
  Outcome outcome;
};
inline constexpr CodeWord kCodeWords[] = {
#define RINGSIDE_CHAT_ERROR(number, NAME, outcome, meaning) {Code::NAME, #NAME, Outcome::outcome},
#include "shm/chat_words.def"
};

// How an operation ends that is answered with this code.
constexpr Outcome outcome_of(Code code) {
  for (const CodeWord& word : kCodeWords) {
    if (word.code == code) return word.outcome;
  }
  return Outcome::ok;
}

constexpr std::size_t index_of(Op op) { return static_cast<std::size_t>(op); }
constexpr std::size_t index_of(Stage stage) { return static_cast<std::size_t>(stage); }
constexpr const char* name_of(Op op) { return kOpWords[index_of(op)].name; }
constexpr std::uint16_t id_of(Op op) { return static_cast<std::uint16_t>(op); }
constexpr std::uint16_t id_of(Event event) {
  return static_cast<std::uint16_t>(kFirstEvent + static_cast<unsigned>(event));
}

}  // namespace ringside::simulate
