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

struct StateParts {
  struct Ring {
    std::string path;
    std::string state;  // RingFollower::encode()
  };
  BootId boot;
  std::int64_t monotonic_ns = 0;
  std::int64_t realtime_ns = 0;
  std::uint64_t ticks = 0;
  std::array<std::uint64_t, 5> forgotten{};  // books of rings that are no longer followed
  std::vector<Ring> rings;
  std::string rest;    // behind the last ring: empty in a valid state
  std::string alerts;  // AlertEngine::encode()
  StateMeta meta;
  std::string lines;  // LineOutbox::encode()

  // As decode_state() takes it apart, whatever its magic, version and checksum: bytes() makes them
  // anew, and to compute the checksum takes longer than all the rest.
  static std::optional<StateParts> of(std::string_view bytes) {
    constexpr std::size_t kMagic = 8;
    if (bytes.size() < kMagic) return std::nullopt;
    Decoder file(bytes.substr(kMagic));
    file.u64();  // the version
    std::array<char, 4> checksum;
    file.raw(checksum.data(), checksum.size());
    StateParts parts;
    const std::string watch = file.text();
    parts.alerts = file.text();
    parts.meta = {file.i64(), file.i64(), file.u64()};
    parts.lines = file.text();
    if (!file.at_end()) return std::nullopt;
    Decoder in(watch);
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
    return encode_state({out.take(), alerts, meta, lines});
  }
};

}  // namespace ringside::fuzz
