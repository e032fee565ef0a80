// Every error that the server can answer with: code, name, and what it makes of the operation.
// The README's table is this list with the meanings; a test compares the two.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace chatd {

enum class Outcome : std::uint8_t { ok, error, timeout, rejected, denied, limited, cancelled };

// code, name, outcome. 1xxx the request is wrong, 2xxx the caller may not, 3xxx too much of it, 4xxx the thing
// is not there or in the way, 5xxx the server failed.
#define CHATD_ERRORS(X)                  \
  X(1001, BAD_JSON, rejected)            \
  X(1002, UNKNOWN_OP, rejected)          \
  X(1003, LINE_TOO_LONG, rejected)       \
  X(1101, MISSING_FIELD, rejected)       \
  X(1102, WRONG_TYPE, rejected)          \
  X(1103, OUT_OF_RANGE, rejected)        \
  X(1104, BAD_NAME, rejected)            \
  X(1105, TEXT_TOO_LONG, rejected)       \
  X(1106, TEXT_EMPTY, rejected)          \
  X(1107, BAD_CHARACTER, rejected)       \
  X(1108, BAD_PASSWORD, rejected)        \
  X(1109, BAD_TOKEN, rejected)           \
  X(1110, BAD_QUERY, rejected)           \
  X(1111, SELF_TARGET, rejected)         \
  X(1112, CONFLICTING_FIELDS, rejected)  \
  X(2001, NOT_AUTHENTICATED, denied)     \
  X(2002, LOGIN_FAILED, denied)          \
  X(2003, NOT_A_MEMBER, denied)          \
  X(2004, NOT_AUTHOR, denied)            \
  X(2005, NOT_OWNER, denied)             \
  X(2006, ROOM_PRIVATE, denied)          \
  X(2007, NOT_INVITED, denied)           \
  X(2008, USER_SUSPENDED, denied)        \
  X(2009, TOKEN_REJECTED, denied)        \
  X(2010, DIRECT_ROOM, denied)           \
  X(3001, RATE_LIMITED, limited)         \
  X(3002, IP_BLOCKED, limited)           \
  X(3003, TOO_MANY_CONNECTIONS, limited) \
  X(4001, ROOM_NOT_FOUND, rejected)      \
  X(4002, USER_NOT_FOUND, rejected)      \
  X(4003, MESSAGE_NOT_FOUND, rejected)   \
  X(4004, INVITATION_NOT_FOUND, rejected)\
  X(4101, USER_EXISTS, rejected)         \
  X(4102, ROOM_EXISTS, rejected)         \
  X(4103, ALREADY_MEMBER, rejected)      \
  X(4104, ALREADY_INVITED, rejected)     \
  X(4105, MESSAGE_DELETED, rejected)     \
  X(4106, INVITATION_CLOSED, rejected)   \
  X(4107, ALREADY_REACTED, rejected)     \
  X(4108, REACTION_NOT_FOUND, rejected)  \
  X(5001, DATABASE_BUSY, timeout)        \
  X(5002, BREAKER_OPEN, error)           \
  X(5003, INTERNAL, error)               \
  X(5004, DATABASE_ERROR, error)         \
  X(5005, QUERY_TIMEOUT, timeout)        \
  X(5006, OVERLOADED, error)

enum class Error : std::uint16_t {
  none = 0,
#define X(code, name, outcome) name = code,
  CHATD_ERRORS(X)
#undef X
};

struct ErrorInfo {
  Error error;
  std::string_view name;
  Outcome outcome;
};

inline constexpr ErrorInfo kErrors[] = {
#define X(code, name, outcome) {Error::name, #name, Outcome::outcome},
    CHATD_ERRORS(X)
#undef X
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
constexpr bool is_validation(Error error) { return code_of(error) >= 1000 && code_of(error) < 2000; }

// The way out of any operation that does not succeed. Thrown inside a transaction, it rolls it back.
class Refusal : public std::runtime_error {
 public:
  Refusal(Error error, const std::string& message) : std::runtime_error(message), error_(error) {}
  Error error() const { return error_; }

 private:
  Error error_;
};

}  // namespace chatd
