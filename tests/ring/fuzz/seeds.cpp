// Writes the corpus that the fuzz targets begin with: seeds DIRECTORY makes a folder for each
// target. The code that servers and the daemon run makes the valid parts. This file makes the evil
// ones.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "daemon/alerts/alert_engine.h"
#include "daemon/rings/watch.h"
#include "tests/ring/fuzz/fixed_world.h"
#include "tests/ring/fuzz/input.h"
#include "tests/ring/fuzz/rings.h"
#include "tests/ring/fuzz/state_parts.h"

using namespace ringside;
using namespace ringside::fuzz;

namespace {

class Folder {
 public:
  explicit Folder(const std::filesystem::path& path) : path_(path) {
    std::filesystem::create_directories(path_);
  }
  void add(const std::string& name, std::string_view bytes) const {
    std::ofstream file(path_ / name, std::ios::binary);
    file << bytes;
    if (!file.flush()) throw std::runtime_error((path_ / name).string() + ": cannot write");
  }

 private:
  std::filesystem::path path_;
};

// ---- open_segment

template <typename T>
std::string patch(std::uint8_t area, std::size_t offset, T value) {
  return Output()
      .put(area)
      .put(static_cast<std::uint32_t>(offset))
      .put(static_cast<std::uint8_t>(sizeof value))
      .put(value)
      .text();
}
std::string geometry(std::uint32_t lanes, std::uint32_t capacity, std::uint32_t overflow) {
  return patch(0, offsetof(SegmentHeader, lane_count), lanes) +
         patch(0, offsetof(SegmentHeader, lane_capacity), capacity) +
         patch(0, offsetof(SegmentHeader, overflow_capacity), overflow);
}

void open_seeds(const Folder& folder) {
  const auto opened = [](unsigned content, unsigned flags, const std::string& patches = {}) {
    return Output()
        .put(static_cast<std::uint8_t>(content))
        .put(static_cast<std::uint8_t>(flags))
        .bytes(patches)
        .text();
  };
  for (unsigned content = 0; content < std::size(kContents); ++content) {
    for (const unsigned flags : {0U, 4U, 8U, 16U}) {
      folder.add("valid-" + std::to_string(content) + "-" + std::to_string(flags),
                 opened(content, flags));
    }
  }
  // Counts at every boundary. With flags 0 the size contradicts the counts, with flags 1 it follows
  // from them.
  constexpr std::uint32_t kCounts[] = {
      0, 1, 2, 63, 64, 65, 4096, 4097, 1U << 20, (1U << 20) + 1, 1U << 31, 0xffffffff};
  for (const std::uint32_t lanes : kCounts) {
    for (const std::uint32_t capacity : {0U, 64U, 65U, 1U << 20, 1U << 21, 1U << 31, 0xffffffffU}) {
      const std::string name = std::to_string(lanes) + "x" + std::to_string(capacity);
      folder.add("counts-" + name, opened(1, 0, geometry(lanes, capacity, 64)));
      folder.add("fitting-" + name, opened(1, 1, geometry(lanes, capacity, capacity)));
    }
  }
  // 2^28 lanes of 2^28 records: the lower 32 bits of the size look like a small ring's. 300 lanes
  // are valid, and more than the spoilt ring has.
  folder.add("product", opened(1, 1, geometry(0x10000000, 0x10000000, 64)));
  folder.add("many-lanes", opened(1, 1, geometry(300, 64, 64)));
  for (const std::uint32_t length : {0U, 1023U, 1024U, 4096U, 114688U, 180000U}) {
    folder.add("length-" + std::to_string(length),
               Output().put<std::uint8_t>(1).put<std::uint8_t>(2).put(length).text());
  }
  for (const std::uint64_t word :
       {std::uint64_t{1} << 62, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    const std::string name = std::to_string(word >> 61);
    for (const unsigned flags : {4U, 16U}) {
      const std::string kind = name + "-" + std::to_string(flags);
      folder.add("head-" + kind, opened(2, flags, patch(6, offsetof(LaneHeader, head), word)));
      folder.add("anchor-" + kind,
                 opened(2, flags, patch(0, offsetof(SegmentHeader, anchor_monotonic_ns), word)));
      folder.add("clock-" + kind,
                 opened(1, flags,
                        patch(0, offsetof(SegmentHeader, anchor_ticks), word) +
                            patch(0, offsetof(SegmentHeader, ticks_per_second), word)));
      folder.add("process-" + kind,
                 opened(1, flags, patch(1, offsetof(SegmentHeader, processes) - 256, word)));
    }
  }
  folder.add("no-clock",
             opened(1, 16, patch(0, offsetof(SegmentHeader, ticks_per_second), std::uint64_t{0})));
  folder.add("other-version", opened(1, 0, patch(0, offsetof(SegmentHeader, layout_version), 99U)));
  folder.add("other-order",
             opened(1, 0, patch(0, offsetof(SegmentHeader, byte_order), 0x04030201U)));
  folder.add("other-clock", opened(1, 0, patch(0, offsetof(SegmentHeader, clock_kind), 0U)));
  folder.add("name", opened(1, 4, patch(4, 8, std::uint64_t{0xff1b0a0d08ffc3ff})));
  // Whole files.
  const std::uint8_t raw = 255;
  folder.add("file-empty", Output().put(raw).put<std::uint8_t>(0).text());
  folder.add("file-text",
             Output().put(raw).put<std::uint8_t>(0).bytes(std::string(2000, 'x')).text());
  SpoiltRing ring(Scratch::file("whole"), {1, 64, 64}, Content::fresh, ClockKind::tsc, 1);
  folder.add("file-header",
             Output().put(raw).put<std::uint8_t>(0).bytes(ring.original().substr(0, 1024)).text());
}

// ---- drain_segment

// The steps of drain_segment.cpp, in the same order.
enum Step : std::uint8_t {
  kBytes,
  kWord,
  kHead,
  kSlot,
  kWrite,
  kWriteOverflow,
  kReadBare,
  kPass,
  kTick,
  kSaveRestore,
  kLive,
  kExchange
};

struct Program : Output {
  explicit Program(std::uint8_t ring) { put(ring); }
  Program& record(Step what, std::uint8_t lane, std::uint8_t count, std::uint16_t how,
                  std::uint8_t id = 0) {
    put(what);
    if (what == kWrite) put(lane);
    put(count)
        .put<std::uint32_t>(1U << 31)
        .put<std::int32_t>(5000)
        .put(id)
        .put(how)
        .put<std::uint8_t>(3)
        .put<std::uint8_t>(4);
    if ((how & 1) == 0) put<std::uint32_t>(77);
    return *this;
  }
  Program& head(std::uint8_t lane, std::uint64_t value) {
    put(kHead).put<std::uint8_t>(static_cast<std::uint8_t>(lane << 1 | 1)).put(value);
    return *this;
  }
  Program& word(std::uint8_t where, std::uint8_t lane, std::uint16_t place, std::uint64_t value) {
    put(kWord)
        .put<std::uint8_t>(static_cast<std::uint8_t>(lane << 2 | where))
        .put(place)
        .put(value);
    return *this;
  }
  // Units: 0 ns, 1 ms, 2 s, 3 min.
  Program& time(Step what, std::uint8_t count, std::uint8_t unit) {
    put(what).put<std::uint8_t>(static_cast<std::uint8_t>(count << 2 | unit));
    return *this;
  }
  Program& exchange() {
    put(kExchange);
    return *this;
  }
  Program& one(Step what, std::uint8_t argument) {
    put(what).put(argument);
    return *this;
  }
};

void drain_seeds(const Folder& folder) {
  for (std::uint8_t ring = 0; ring < 128; ++ring) {
    if ((ring & 7) >= std::size(kContents) || (ring >> 3 & 3) >= std::size(kGeometries) ||
        ring >> 5 >= 3)
      continue;
    // Some make reports.
    Program program(static_cast<std::uint8_t>(ring | (ring % 5 == 0 ? 0x80 : 0)));
    program.time(kPass, 1, 1)
        .record(kWrite, 0, 20, 0x40)
        .record(kWrite, 1, 200, 0x12, 1)
        .time(kTick, 5, 2);
    program.record(kWriteOverflow, 0, 60, 0xf1, 2)
        .time(kTick, 5, 2)
        .one(kReadBare, 0)
        .put<std::uint16_t>(500);
    folder.add("life-" + std::to_string(ring), program.text());
  }
  const auto used = static_cast<std::uint8_t>(Content::used);
  for (const std::uint64_t head :
       {std::uint64_t{1}, std::uint64_t{1} << 62, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    for (std::uint8_t lane = 0; lane < 3; ++lane) {
      Program program(used);
      program.time(kPass, 1, 1).head(lane, head).one(kReadBare, lane).put<std::uint16_t>(65535);
      program.time(kPass, 1, 2).time(kTick, 5, 2).record(kWrite, lane, 100, 0x40).time(kTick, 5, 2);
      folder.add("head-" + std::to_string(head >> 61) + "-" + std::to_string(lane), program.text());
    }
  }
  folder.add("totals", Program(used)
                           .word(1, 0, 0, ~std::uint64_t{0})
                           .word(1, 0, 1, ~std::uint64_t{0})
                           .word(1, 2, 2, std::uint64_t{1} << 63)
                           .time(kTick, 5, 2)
                           .time(kTick, 5, 2)
                           .text());
  folder.add("torn", Program(static_cast<std::uint8_t>(Content::torn))
                         .time(kPass, 1, 1)
                         .one(kLive, 1)
                         .time(kTick, 5, 2)
                         .time(kTick, 5, 2)
                         .text());
  folder.add("holes", Program(used)
                          .time(kPass, 1, 1)
                          .record(kWriteOverflow, 0, 255, 0x40)
                          .record(kWriteOverflow, 0, 254, 0x40)
                          .time(kTick, 1, 1)
                          .one(kLive, 0)
                          .time(kTick, 5, 2)
                          .text());
  folder.add("restart", Program(used)
                            .time(kTick, 1, 1)
                            .one(kLive, 1)
                            .exchange()
                            .time(kTick, 5, 2)
                            .time(kTick, 5, 2)
                            .record(kWrite, 0, 9, 0x40)
                            .time(kTick, 5, 2)
                            .text());
  folder.add("saved", Program(used)
                          .time(kTick, 1, 1)
                          .one(kSaveRestore, 1)
                          .record(kWrite, 0, 9, 0x46)
                          .time(kTick, 70, 2)
                          .one(kSaveRestore, 0)
                          .time(kTick, 31, 3)
                          .time(kTick, 31, 3)
                          .text());
  Program late(used);
  late.put(kWrite)
      .put<std::uint8_t>(0)
      .put<std::uint8_t>(1)
      .put<std::uint32_t>(0)
      .put<std::int32_t>(-1);
  late.put<std::uint8_t>(3)
      .put<std::uint16_t>(0x40)
      .put<std::uint8_t>(1)
      .put<std::uint8_t>(1)
      .put<std::uint32_t>(~0U);
  folder.add("late", late.time(kTick, 5, 2).text());
}

// ---- state_file

std::string state_of(Content content, Geometry geometry, int ticks) {
  static int number = 0;
  SpoiltRing ring(Scratch::file("state" + std::to_string(number++)), geometry, content,
                  ClockKind::monotonic, 0x5eed);
  Watch watch({{ring.segment().path()}, 5, 3, true});
  Config config;
  config.thresholds.min_samples = 1;
  config.alerts.raise_ticks = 1;
  AlertEngine alerts(config);
  std::int64_t now_ns = kStartNs;
  for (int tick = 0; tick < ticks; ++tick) {
    Snapshot snapshot = watch.tick(instant_at(now_ns));
    alerts.evaluate(snapshot, now_ns, now_ns + kWallNs);
    now_ns += 5 * kSecond;
  }
  auto parts = StateParts::of(
      encode_state({watch.encode(instant_at(now_ns)),
                    alerts.encode(),
                    {now_ns + kWallNs, now_ns + kWallNs, static_cast<std::uint64_t>(ticks)}}));
  if (!parts) throw std::runtime_error("a state that was just saved is none");
  parts->rings.at(0).path = kWatchedRing;
  return parts->bytes();
}

void state_seeds(const Folder& folder) {
  for (const Content content : kContents) {
    for (const int ticks : {1, 20}) {
      const std::string name =
          std::to_string(static_cast<int>(content)) + "-" + std::to_string(ticks);
      folder.add("valid-" + name, state_of(content, {2, 64, 64}, ticks));
    }
  }
  const std::string valid = state_of(Content::used, {2, 64, 64}, 3);
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
}

// ---- texts

void text_seeds(const Folder& folder) {
  const auto add = [&](const std::string& name, std::uint8_t what, std::string_view text) {
    folder.add(name, Output().put(what).bytes(text).text());
  };
  add("config-defaults", 0, print_config(Config{}, Comments::without));
  add("config-small", 0,
      "rings = [\"a\", \"/tmp/b\"]\ntick = \"1s\"\n[thresholds.operations.JOIN_ROOM]\nresponse = "
      "\"1ms\"\n");
  add("config-wrong", 0,
      "rings = 7\ntick = \"5 parsecs\"\n[alerts]\ncpu_percent = {warning = [95, 85], critical = "
      "[1]}\n");
  add("config-broken", 0, "a = [[[[[[{b = 0x");
  add("proc-stat", 1,
      "4711 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25");
  add("proc-cpu", 1, "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3\n");
  add("proc-loadavg", 1, "0.20 0.18 0.12 1/80 11206\n");
  add("proc-meminfo", 1,
      "MemTotal:       16384 kB\nMemFree: 1 kB\nMemAvailable:   18446744073709551615 kB\n");
  const std::uint32_t ready = kNameReady;
  std::string name(reinterpret_cast<const char*>(&ready), sizeof ready);
  add("name", 2,
      name + std::string(4, '\0') + "SEND_MESSAGE" + std::string(28, '\0') + "message\x1b[31m");
  add("name-full", 2, name + std::string(124, '\xc3'));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: seeds DIRECTORY\n";
    return 2;
  }
  try {
    const std::filesystem::path root(argv[1]);
    open_seeds(Folder(root / "open_segment"));
    drain_seeds(Folder(root / "drain_segment"));
    state_seeds(Folder(root / "state_file"));
    text_seeds(Folder(root / "texts"));
  } catch (const std::exception& error) {
    std::cerr << "seeds: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
