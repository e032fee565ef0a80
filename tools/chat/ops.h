// The operations: their names on the wire, and which of them need a login.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace chatd {

// In the order of shm/chat_words.def: an operation's number is its id in the ring.
enum class Op : std::uint8_t {
#define RINGSIDE_CHAT_OPERATION(name, category) name,
#include "shm/chat_words.def"
};

inline constexpr std::array kOpNames = {
#define RINGSIDE_CHAT_OPERATION(name, category) std::string_view(#name),
#include "shm/chat_words.def"
};
inline constexpr std::size_t kOpCount = kOpNames.size();

constexpr std::string_view name_of(Op op) { return kOpNames[static_cast<std::size_t>(op)]; }

constexpr std::optional<Op> find_op(std::string_view name) {
  for (std::size_t i = 0; i < kOpCount; ++i) {
    if (kOpNames[i] == name) return static_cast<Op>(i);
  }
  return std::nullopt;
}

constexpr bool needs_login(Op op) { return op != Op::AUTHENTICATION && op != Op::REGISTRATION; }

}  // namespace chatd
