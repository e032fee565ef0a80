// How an operation or event ended, and who or what it was about.
//
// The numbers are those on the wire (shm/record.h); daemon/metrics asserts that they agree.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ringside {

enum class RecordOutcome : std::uint8_t {
  ok,
  error,
  timeout,
  rejected,
  denied,
  limited,
  cancelled,
  unknown
};
// The number of outcomes on the wire. `unknown` is not one of them.
inline constexpr std::size_t kOutcomes = 7;
inline constexpr std::array<const char*, kOutcomes + 1> kOutcomeNames = {
    "ok", "error", "timeout", "rejected", "denied", "limited", "cancelled", "unknown"};

constexpr RecordOutcome outcome_from(std::uint64_t number) {
  return number < kOutcomes ? static_cast<RecordOutcome>(number) : RecordOutcome::unknown;
}
constexpr const char* name_of(RecordOutcome outcome) {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}
// Whether the server is at fault.
constexpr bool is_failure(RecordOutcome outcome) {
  return outcome == RecordOutcome::error || outcome == RecordOutcome::timeout;
}
// Whether the server turned the request away on purpose.
constexpr bool is_refusal(RecordOutcome outcome) {
  return outcome == RecordOutcome::rejected || outcome == RecordOutcome::denied ||
         outcome == RecordOutcome::limited;
}

enum class PartyKind : std::uint8_t { none, user, session, address, room, message, unknown };
inline constexpr std::array<const char*, 7> kPartyKindNames = {
    "none", "user", "session", "address", "room", "message", "unknown"};

constexpr const char* name_of(PartyKind kind) {
  return kPartyKindNames[static_cast<std::size_t>(kind)];
}

// Who acted, or on what.
struct Party {
  PartyKind kind = PartyKind::none;
  std::uint64_t id = 0;
  // What the server calls it, byte for byte; empty when it doesn't. Another process wrote it.
  std::string label = {};

  bool none() const { return kind == PartyKind::none; }
  friend bool operator==(const Party&, const Party&) = default;
};

}  // namespace ringside
