// Fuzz target: the state file that a daemon finds when it starts. The file is decoded. A Watch
// whose ring exists and an AlertEngine take it over. Then come ticks, alerts and reports. What they
// save is taken back.
//
// The input is the file. Most of its bytes are under a checksum and inside nested lengths. The
// mutator changes the inside and corrects the checksum and the lengths. Now and then it leaves them
// wrong.
#include "daemon/alerts/alert_engine.h"
#include "daemon/rings/ring_names.h"
#include "daemon/rings/watch.h"
#include "tests/ring/fuzz/fixed_world.h"
#include "tests/ring/fuzz/input.h"
#include "tests/ring/fuzz/rings.h"
#include "tests/ring/fuzz/snapshot_facts.h"
#include "tests/ring/fuzz/state_parts.h"

using namespace ringside;
using namespace ringside::fuzz;

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

SpoiltRing& watched_ring() {
  static SpoiltRing ring(Scratch::file("ring"), {2, 64, 64}, Content::used, ClockKind::monotonic,
                         0x5eed);
  return ring;
}

// The path as a Watch spells it.
std::string watched_path() { return canonical_path(watched_ring().segment().path()); }

void mutate(std::string& text, std::size_t more) {
  const std::size_t size = text.size();
  text.resize(size + std::max<std::size_t>(more, 8));
  text.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(text.data()), size, text.size()));
}

// Replaces one byte of the alerts by a number at the end of its type. The plain mutator finds such
// numbers only by chance.
void mutate_number(std::string& bytes, unsigned seed) {
  constexpr std::uint64_t kNumbers[] = {
      0, 1, INT64_MAX, std::uint64_t{1} << 62, std::uint64_t{1} << 63, UINT64_MAX};
  if (bytes.empty()) return;
  Encoder number;
  number.u64(kNumbers[seed % std::size(kNumbers)]);
  bytes.replace(seed / std::size(kNumbers) % bytes.size(), 1, number.take());
}

template <typename T>
void mutate_value(T& value) {
  LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(&value), sizeof value, sizeof value);
}

void take_over(const SavedState& saved) {
  const WatchOptions options{{watched_ring().segment().path()}, 5, 3, true};
  Config config;
  config.last = options.last;
  std::int64_t now_ns = kStartNs;
  Watch watch(options);
  AlertEngine alerts(config);
  std::string why;
  const bool alerts_taken = alerts.decode(saved.alerts, &why);
  FUZZ_REQUIRE(alerts_taken || !why.empty());
  why.clear();
  if (!watch.decode(saved.watch, instant_at(now_ns), &why)) {
    FUZZ_REQUIRE(!why.empty());
    if (!alerts_taken) return;
  }
  for (const std::int64_t pause : {5 * kSecond, 70 * kSecond}) {
    now_ns += pause;
    Snapshot snapshot = watch.tick(instant_at(now_ns));
    require_sound(snapshot, options);
    alerts.evaluate(snapshot, now_ns, add_ns(now_ns, kWallNs));
    alerts.show(snapshot);
    // Reports take as long as all the rest, so only some inputs make them. `restarts` selects those
    // inputs: nothing else depends on it.
    if (pause == 5 * kSecond && saved.meta.restarts % 4 == 0) require_shown(snapshot);
  }
  if (saved.meta.restarts % 4 > 1) return;
  // What continues from a state can be saved, and the result is a state again.
  const SavedState next{watch.encode(instant_at(now_ns)), alerts.encode(), saved.meta};
  SavedState again;
  FUZZ_REQUIRE(decode_state(encode_state(next), &again, &why));
  FUZZ_REQUIRE(again.watch == next.watch && again.alerts == next.alerts);
  Watch other(options);
  FUZZ_REQUIRE(other.decode(again.watch, instant_at(now_ns), &why));
  AlertEngine other_alerts(config);
  FUZZ_REQUIRE(other_alerts.decode(again.alerts, &why));
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  auto parts = StateParts::of({reinterpret_cast<const char*>(data), size});
  if (!parts || seed % 16 == 0) return LLVMFuzzerMutate(data, size, most);
  const std::size_t room = most - std::min(most, size);
  switch (seed / 16 % 12) {
    case 0:
      if (seed / 192 % 4 == 0) {
        mutate(parts->alerts, room);
      } else {
        mutate_number(parts->alerts, seed / 768);
      }
      break;
    case 1: mutate(parts->rest, std::min<std::size_t>(room, 16)); break;
    case 2: mutate_value(parts->boot); break;
    case 3: mutate_value(parts->monotonic_ns); break;
    case 4: mutate_value(parts->realtime_ns); break;
    case 5: mutate_value(parts->ticks); break;
    case 6: mutate_value(parts->meta); break;
    case 7:
      if (seed / 192 % 8 == 0) mutate_value(parts->forgotten);
      if (!parts->rings.empty())
        parts->rings.push_back(parts->rings[seed / 192 % parts->rings.size()]);
      break;
    case 8:
      if (!parts->rings.empty()) mutate(parts->rings[seed / 192 % parts->rings.size()].path, 16);
      break;
    default:
      if (!parts->rings.empty()) mutate(parts->rings[seed / 192 % parts->rings.size()].state, room);
      break;
  }
  const std::string bytes = parts->bytes();
  if (bytes.size() > most) return LLVMFuzzerMutate(data, size, most);
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  SavedState saved;
  std::string why;
  if (auto parts = StateParts::of(bytes)) {
    for (auto& ring : parts->rings) {
      if (ring.path == kWatchedRing) ring.path = watched_path();
    }
    FUZZ_REQUIRE(decode_state(parts->bytes(), &saved, &why));
  } else if (!decode_state(bytes, &saved, &why)) {
    FUZZ_REQUIRE(!why.empty());
    return 0;
  }
  take_over(saved);
  return 0;
}
