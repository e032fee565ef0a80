// Seeds for a daemon's state file.
#include "daemon/alerts/alert_engine.h"
#include "daemon/rings/watch.h"
#include "tests/ring/fuzz/fixed_world.h"
#include "tests/ring/fuzz/rings.h"
#include "tests/ring/fuzz/seeds.h"
#include "tests/ring/fuzz/state_parts.h"

namespace ringside::fuzz {
namespace {

std::string state_of(Content content, Geometry geometry, int ticks) {
  const SpoiltRing ring(geometry, content, ClockKind::monotonic, 0x5eed);
  put_file(kWatchedPath, ring.file());
  Watch watch({{kWatchedPath}, 5, 3, true});
  Config config;
  config.thresholds.min_samples = 1;
  config.alerts.raise_ticks = 1;
  config.alerts.start_grace_ns = 0;
  AlertEngine alerts(config);
  std::int64_t now_ns = kStartNs;
  for (int tick = 0; tick < ticks; ++tick) {
    Snapshot snapshot = watch.tick(instant_at(now_ns));
    alerts.evaluate(snapshot, now_ns, now_ns + kWallNs);
    now_ns += 5 * kSecond;
  }
  remove_all_files();
  return encode_state({watch.encode(instant_at(now_ns)),
                       alerts.encode(),
                       {now_ns + kWallNs, now_ns + kWallNs, static_cast<std::uint64_t>(ticks)}});
}

}  // namespace

void state_seeds(const Folder& folder) {
  for (const Content content : kContents) {
    folder.add("valid-" + std::to_string(static_cast<int>(content)),
               state_of(content, {1, 64, 64}, 1));
  }
  // A ring that was read to its end has no lanes in the state. The books of a lane are 4 KiB, of
  // which one byte is as good as another.
  folder.add("valid-later", state_of(Content::closed, {1, 64, 64}, 20));
  const std::string valid = state_of(Content::closed, {1, 64, 64}, 3);
  folder.add("other-geometry", state_of(Content::used, {5, 64, 256}, 3));
  folder.add("cut", valid.substr(0, valid.size() / 2));
  folder.add("empty", "");
  const auto bent = [&](const std::string& name, const auto& bend) {
    auto parts = StateParts::of(valid);
    bend(*parts);
    folder.add(name, parts->bytes());
  };
  bent("other-boot", [](StateParts& parts) { parts.boot.words[0] ^= 1; });
  bent("twice", [](StateParts& parts) { parts.rings.push_back(parts.rings[0]); });
  bent("unknown-ring", [](StateParts& parts) { parts.rings[0].path = "/gone"; });
  bent("far-times", [](StateParts& parts) {
    parts.boot.words[0] ^= 1;
    parts.monotonic_ns = INT64_MIN;
    parts.realtime_ns = INT64_MAX;
  });
  bent("no-alerts", [](StateParts& parts) { parts.alerts.clear(); });
  for (const std::string_view word : {"RSSTATE\n", kWatchedPath, "SEND_MESSAGE", "operation-17"})
    folder.word(word);
  // Numbers at the ends of their types, as the codec writes them.
  for (const std::uint64_t number :
       {std::uint64_t{1} << 14, std::uint64_t{1} << 32, std::uint64_t{1} << 63, UINT64_MAX}) {
    Encoder out;
    out.u64(number);
    folder.word(out.take());
  }
}

}  // namespace ringside::fuzz
