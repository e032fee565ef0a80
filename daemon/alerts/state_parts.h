// Parts of the engine's state that several of its files encode.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "daemon/storage/codec.h"
#include "report/model/alerts.h"

namespace ringside {

// The fewest bytes that a transition can have: each number is one byte, each text is empty.
inline constexpr std::size_t kTransitionBytes = 30;

template <typename Enum>
void put(Encoder& out, Enum value) {
  out.u64(static_cast<std::uint64_t>(value));
}
template <typename Enum>
Enum take(Decoder& in, std::size_t end) {
  return static_cast<Enum>(in.below(end));
}

// Observed time begins at 0. Up to 2^62 ns (146 years) is accepted, which leaves room to add and
// subtract.
inline std::int64_t take_observed(Decoder& in) {
  return static_cast<std::int64_t>(in.below((std::uint64_t{1} << 62) + 1));
}
inline void put_observed(Encoder& out, std::int64_t value) {
  out.u64(static_cast<std::uint64_t>(value));
}

inline void put_optional(Encoder& out, const std::optional<std::int64_t>& value) {
  out.flag(value.has_value());
  if (value) put_observed(out, *value);
}
inline std::optional<std::int64_t> take_optional(Decoder& in) {
  if (!in.flag()) return std::nullopt;
  return take_observed(in);
}

inline void put_transition(Encoder& out, const AlertTransition& t) {
  out.i64(t.wall_ns);
  out.text(t.id);
  put(out, t.alert);
  put(out, t.level);
  put(out, t.state);
  out.text(t.operation);
  out.text(t.figure);
  out.text(t.ring);
  out.real(t.value);
  out.real(t.threshold);
  put(out, t.unit);
  out.text(t.message);
  out.text(t.suspect);
  out.text(t.incident);
  out.flag(t.any_alert);
  out.flag(t.silenced);
}
// `states`: how many of AlertState it may have, from the first on.
inline AlertTransition take_transition(Decoder& in, std::size_t states = kEpisodeStates) {
  AlertTransition t;
  t.wall_ns = in.i64();
  t.id = in.text();
  t.alert = take<AlertType>(in, kAlertTypes);
  t.level = take<AlertLevel>(in, kAlertLevels);
  t.state = take<AlertState>(in, states);
  t.operation = in.text();
  t.figure = in.text();
  t.ring = in.text();
  t.value = in.real();
  t.threshold = in.real();
  t.unit = take<AlertUnit>(in, kAlertUnits);
  t.message = in.text();
  t.suspect = in.text();
  t.incident = in.text();
  t.any_alert = in.flag();
  t.silenced = in.flag();
  return t;
}

}  // namespace ringside
