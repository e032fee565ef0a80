// A state file taken apart at its lengths and its checksum, and put together again. A change inside
// a part is then still read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/storage/codec.h"
#include "daemon/storage/state_file.h"
#include "shm/identity.h"

namespace ringside::fuzz {

// The seeds' name for the watched ring. The target puts in the ring's path, which differs in each
// run.
inline constexpr std::string_view kWatchedRing = "watched";

struct StateParts {
  struct Ring {
    std::string path;
    std::string state;   // RingFollower::encode()
  };
  BootId boot;
  std::int64_t monotonic_ns = 0;
  std::int64_t realtime_ns = 0;
  std::uint64_t ticks = 0;
  std::array<std::uint64_t, 5> forgotten{};   // books of rings that are no longer followed
  std::vector<Ring> rings;
  std::string rest;      // behind the last ring: empty in a valid state
  std::string alerts;    // AlertEngine::encode()
  StateMeta meta;

  static std::optional<StateParts> of(std::string_view bytes) {
    SavedState saved;
    std::string why;
    if (!decode_state(bytes, &saved, &why)) return std::nullopt;
    StateParts parts;
    parts.alerts = std::move(saved.alerts);
    parts.meta = saved.meta;
    Decoder in(saved.watch);
    in.raw(parts.boot.words, sizeof parts.boot.words);
    parts.monotonic_ns = in.i64();
    parts.realtime_ns = in.i64();
    parts.ticks = in.u64();
    for (std::uint64_t& n : parts.forgotten) n = in.u64();
    const std::uint64_t rings = in.count(2, 4096);
    for (std::uint64_t i = 0; i < rings && in.good(); ++i) {
      Ring ring;
      ring.path = in.text();
      ring.state = in.text();
      parts.rings.push_back(std::move(ring));
    }
    if (!in.at_end()) return std::nullopt;
    return parts;
  }

  std::string bytes() const {
    Encoder out;
    out.raw(boot.words, sizeof boot.words);
    out.i64(monotonic_ns);
    out.i64(realtime_ns);
    out.u64(ticks);
    for (const std::uint64_t n : forgotten) out.u64(n);
    out.u64(rings.size());
    for (const Ring& ring : rings) {
      out.text(ring.path);
      out.text(ring.state);
    }
    out.raw(rest.data(), rest.size());
    return encode_state({out.take(), alerts, meta});
  }
};

}  // namespace ringside::fuzz
