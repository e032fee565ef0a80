// Advice that is kept: what a report suggested, since when, and what became of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace ringside {

// What a suggestion is about. Its figure (AdviceFigure) is in the unit of its kind: less is better.
enum class AdviceKind : std::uint8_t {
  stage,        // ns of the stage in a call, on average over all operations
  operation,    // ns of a call, on average
  tail,         // ns at p99
  rollbacks,    // share of the transactions
  queries,      // ns in slow queries for each call of an operation
  retries,      // ns in failed attempts and pauses for each call of an operation
  clients,      // share of the calls that are refused
  sight,        // share of the time of all operations that lies in no stage
  capacity,     // share of the records that were overwritten unread
  lanes,        // share of the records that go through the overflow lane
  memory,       // bytes a day
  connections,  // a day
  descriptors,  // a day
  tight,        // share of the calls over their threshold
  loose,        // how many times the p99 of the worst hour the threshold is
  rate_limit,   // share of an operation's last calls that one party made
  sources       // failed logins of an hour from addresses that are not blocked
};
inline constexpr std::array<const char*, 17> kAdviceKindNames = {
    "stage",       "operation", "tail",     "rollbacks",  "queries", "retries",
    "clients",     "sight",     "capacity", "lanes",      "memory",  "connections",
    "descriptors", "tight",     "loose",    "rate_limit", "sources"};

constexpr const char* name_of(AdviceKind kind) {
  return kAdviceKindNames[static_cast<std::size_t>(kind)];
}

enum class AdviceUnit : std::uint8_t { ns, share, bytes_a_day, a_day, an_hour, times };
inline constexpr std::array<const char*, 6> kAdviceUnitNames = {"ns",    "share",   "bytes_a_day",
                                                                "a_day", "an_hour", "times"};

constexpr AdviceUnit unit_of(AdviceKind kind) {
  switch (kind) {
    case AdviceKind::stage:
    case AdviceKind::operation:
    case AdviceKind::tail:
    case AdviceKind::queries:
    case AdviceKind::retries: return AdviceUnit::ns;
    case AdviceKind::memory: return AdviceUnit::bytes_a_day;
    case AdviceKind::connections:
    case AdviceKind::descriptors: return AdviceUnit::a_day;
    case AdviceKind::sources: return AdviceUnit::an_hour;
    case AdviceKind::loose: return AdviceUnit::times;
    default: return AdviceUnit::share;
  }
}

constexpr const char* name_of(AdviceUnit unit) {
  return kAdviceUnitNames[static_cast<std::size_t>(unit)];
}

// The same advice at another time has the same key.
struct AdviceKey {
  AdviceKind kind = AdviceKind::stage;
  std::string ring;     // empty: of all rings
  std::string subject;  // the operation, or the stage; empty: of the whole ring
  friend auto operator<=>(const AdviceKey&, const AdviceKey&) = default;
};

// What one look at the figures says of one advice.
struct AdviceLook {
  AdviceKey key;
  std::int64_t wall_ns = 0;  // since the Unix epoch
  double figure = 0;
  bool said = false;  // whether it is suggested. Else the figure is known, and good enough
  std::string what, evidence, gain;  // of what is suggested
};

// What was done near the time at which an advice ended.
struct AdviceChange {
  std::int64_t wall_ns = 0;
  std::string kind;  // as HistoryMark: "deploy", "reload", "server_start"
  std::string text;
};

// An advice from when it was first given until it was given no more.
struct HistoryAdvice {
  AdviceKey key;
  std::int64_t first_ns = 0, last_ns = 0;  // when it was first and last given
  double first_figure = 0, last_figure = 0;
  // Looks in a row, up to the latest, that did not give it again though the figure was known: how
  // many, the first, the latest, and the figure then. 0: it still holds.
  std::uint64_t absent_looks = 0;
  std::int64_t absent_since_ns = 0, absent_ns = 0;
  double absent_figure = 0;
  std::string what, evidence, gain;  // as it was last given
  AdviceChange change;               // wall_ns 0: nothing was done near its end
};

// An advice is over when two looks in a row do not give it again: one may lie just below a limit.
inline constexpr std::uint64_t kLooksUntilOver = 2;

}  // namespace ringside
