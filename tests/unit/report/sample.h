// A snapshot as the daemon makes it: a quarter of an hour of a chat server with a locked database
// and a password guesser. It is built record by record from a fixed seed, so that counts,
// histograms, last records and books agree.
#pragma once

#include "report/model/snapshot.h"

namespace sample {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr auto kHour = static_cast<std::size_t>(ringside::Window::hour);
inline constexpr std::int64_t kNow = 1'732'356'955'123'456'789;  // 2024-11-23T10:15:55.123456789Z
// The database is locked from kLocked to kUnlocked.
inline constexpr std::int64_t kLocked = kNow - 250 * kSecond;
inline constexpr std::int64_t kUnlocked = kNow - 225 * kSecond;
// 2^53 + 1: a reader that takes it for a double gets another number.
inline constexpr std::uint64_t kBigId = 9'007'199'254'740'993;

const ringside::Snapshot& busy();  // the incident was a few minutes ago
const ringside::Snapshot& calm();  // the same server without incident and guesser
ringside::Snapshot hostile();      // every text in it tries to break out of its place

}  // namespace sample
