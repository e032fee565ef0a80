// Every error that the server can answer with: its code, its name, and the outcome that it gives
// the operation. The list is shm/chat_words.def.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "shm/record.h"

namespace chatd {

using ringside::Outcome;

enum class Error : std::uint16_t {
  none = 0,
#define RINGSIDE_CHAT_ERROR(code, name, ...) name = code,
#include "shm/chat_words.def"
};

struct ErrorInfo {
  Error error;
  std::string_view name;
  Outcome outcome;
};

inline constexpr ErrorInfo kErrors[] = {
#define RINGSIDE_CHAT_ERROR(code, name, outcome, meaning) {Error::name, #name, Outcome::outcome},
#include "shm/chat_words.def"
};

constexpr const ErrorInfo& info(Error error) {
  for (const auto& entry : kErrors) {
    if (entry.error == error) return entry;
  }
  return info(Error::INTERNAL);
}

constexpr Outcome outcome_of(Error error) {
  return error == Error::none ? Outcome::ok : info(error).outcome;
}

constexpr std::uint16_t code_of(Error error) { return static_cast<std::uint16_t>(error); }
constexpr bool is_validation(Error error) {
  return code_of(error) >= 1000 && code_of(error) < 2000;
}

// Thrown to refuse an operation. storage/store.h says what becomes of a transaction that is
// refused.
class Refusal : public std::runtime_error {
 public:
  Refusal(Error error, const std::string& message) : std::runtime_error(message), error_(error) {}
  Error error() const { return error_; }

 private:
  Error error_;
};

}  // namespace chatd
