// The names that the analysis knows, and what it takes them to mean. They come out of the ring as text: a
// server that uses other names is still shown in full, only nothing is concluded from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ringside::names {

// Events. An event that a server only counts (a decision that was "allowed") has no record: it is `skipped`.
inline constexpr std::string_view kRetry = "RETRY";              // value: the attempt that follows, from 2; span: the one that failed
inline constexpr std::string_view kBreaker = "BREAKER";          // value: new state, BreakerState; span: time in the old one
inline constexpr std::string_view kRecovery = "RECOVERY";        // span: first failure to first success
inline constexpr std::string_view kRateLimit = "RATE_LIMIT";     // outcome limited; those allowed are only counted
inline constexpr std::string_view kDbTransaction = "DB_TRANSACTION";  // outcome ok: committed, error: rolled back; span
inline constexpr std::string_view kSlowQuery = "SLOW_QUERY";     // span
inline constexpr std::string_view kLoginFailed = "LOGIN_FAILED"; // value: failures of this address within the window
inline constexpr std::string_view kTokenRejected = "TOKEN_REJECTED";
inline constexpr std::string_view kThreatPattern = "THREAT_PATTERN";
inline constexpr std::string_view kIpBlock = "IP_BLOCK";         // value: attempts before the block
inline constexpr std::string_view kBlockedAttempt = "BLOCKED_ATTEMPT";  // value: attempts during the block so far
inline constexpr std::string_view kUserSuspended = "USER_SUSPENDED";    // value: strikes
inline constexpr std::string_view kAuditWrite = "AUDIT_WRITE";   // span
inline constexpr std::string_view kValidationReject = "VALIDATION_REJECT";
inline constexpr std::string_view kBadLine = "BAD_LINE";

// Stages.
inline constexpr std::string_view kValidation = "validation";
inline constexpr std::string_view kSecurity = "security";
inline constexpr std::string_view kDatabase = "database";
inline constexpr std::string_view kDelivery = "delivery";

// Gauges.
inline constexpr std::string_view kConnections = "connections";
inline constexpr std::string_view kDbTransactions = "db_transactions";

}  // namespace ringside::names

namespace ringside {

// A circuit breaker's states, numbered as the event BREAKER's value is.
enum class BreakerState : std::uint8_t { closed, open, half_open };
inline constexpr std::size_t kBreakerStates = 3;

constexpr const char* name_of(BreakerState state) {
  constexpr const char* kNames[kBreakerStates] = {"closed", "open", "half-open"};
  return kNames[static_cast<std::size_t>(state)];
}
// Absent: a number that is no state.
constexpr std::optional<BreakerState> breaker_state_from(std::int64_t value) {
  if (value < 0 || value >= static_cast<std::int64_t>(kBreakerStates)) return std::nullopt;
  return static_cast<BreakerState>(value);
}

}  // namespace ringside
