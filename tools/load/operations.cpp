#include "tools/load/operations.h"

#include <array>

namespace ringside::load {
namespace {

constexpr std::array<std::string_view, kLineKinds> kNames = {
#define RINGSIDE_CHAT_OPERATION(name, category) #name,
#include "shm/chat_words.def"
    "(no operation)",
};

constexpr std::array<std::string_view, kOutcomeCount> kOutcomes = {
    "ok", "rejected", "denied", "limited", "error", "timeout"};

}  // namespace

std::string_view name_of(Op op) { return kNames[index_of(op)]; }

Op op_named(std::string_view name) {
  for (std::size_t i = 0; i < kOpCount; ++i) {
    if (kNames[i] == name) return static_cast<Op>(i);
  }
  return Op::none;
}

std::string_view name_of(Outcome outcome) { return kOutcomes[static_cast<std::size_t>(outcome)]; }

Outcome outcome_of(int number) {
  switch (number / 1000) {
    case 1:
    case 4:
      return Outcome::rejected;
    case 2:
      return Outcome::denied;
    case 3:
      return Outcome::limited;
    default:
      return number == code::DATABASE_BUSY || number == code::QUERY_TIMEOUT ? Outcome::timeout
                                                                            : Outcome::error;
  }
}

bool is_transient(int number) {
  return number == code::RATE_LIMITED ||
         (number >= code::DATABASE_BUSY && number <= code::OVERLOADED);
}

}  // namespace ringside::load
