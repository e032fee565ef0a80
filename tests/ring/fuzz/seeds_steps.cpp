// Seeds for the life of a ring (ring_steps.h).
#include "tests/ring/fuzz/ring_steps.h"
#include "tests/ring/fuzz/seeds.h"

namespace ringside::fuzz {
namespace {

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
  Program& just(Step what) {
    put(what);
    return *this;
  }
  // kind: of a label, from 0.
  Program& label(std::uint8_t kind, std::uint8_t id, std::string_view text) {
    put(kLabel).put<std::uint8_t>(static_cast<std::uint8_t>(kind << 1)).put(id);
    put(static_cast<std::uint8_t>(text.size())).bytes(text);
    return *this;
  }
  // word: 0 the sequence, 1 the id, then those of the text.
  Program& spoilt_label(std::uint8_t kind, std::uint8_t id, std::uint8_t word,
                        std::uint64_t value) {
    put(kLabel).put<std::uint8_t>(static_cast<std::uint8_t>(kind << 1 | 1)).put(id);
    put(word).put(value);
    return *this;
  }
  Program& one(Step what, std::uint8_t argument) {
    put(what).put(argument);
    return *this;
  }
};

}  // namespace

void step_seeds(const Folder& folder) {
  for (std::uint8_t ring = 0; ring < 128; ++ring) {
    if ((ring & 7) >= std::size(kContents) || (ring >> 3 & 3) >= std::size(kGeometries) ||
        ring >> 5 >= 3)
      continue;
    // Some make reports.
    Program program(static_cast<std::uint8_t>(ring | (ring % 5 == 0 ? 0x80 : 0)));
    program.time(kPass, 1, 1)
        .record(kWrite, 0, 20, 0x40)
        .record(kWrite, 1, 11, 0x12, 1)
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
  // The saved ring has lost its name, and its server died, or it can't be opened any more.
  Program nameless(used);
  nameless.time(kTick, 1, 1).one(kSaveRestore, 0).one(kLive, 1).just(kVanish).time(kTick, 5, 2);
  folder.add("nameless-died", nameless.text());
  Program unreadable(used);
  unreadable.time(kTick, 1, 1).one(kSaveRestore, 0).put(kBytes).put<std::uint32_t>(0);
  unreadable.put<std::uint8_t>(8).put<std::uint64_t>(0);
  folder.add("nameless-unreadable", unreadable.just(kVanish).time(kTick, 5, 2).text());
  // After an hour a report has a list of the slowest of the hour.
  const auto shown = static_cast<std::uint8_t>(used | 0x80);
  folder.add("hours", Program(shown)
                          .time(kTick, 5, 2)
                          .time(kPass, 63, 3)
                          .record(kWrite, 0, 9, 0x40)
                          .time(kTick, 5, 2)
                          .text());
  // A lane's thread is in operation 1, or in one that nobody knows: words 2 and 3 of its header.
  for (const std::uint64_t operation : {std::uint64_t{1}, ~std::uint64_t{0}}) {
    folder.add("in-flight-" + std::to_string(operation & 1023),
               Program(shown)
                   .word(0, 0, 2, std::uint64_t{5'000'000'000'000})
                   .word(0, 0, 3, operation)
                   .record(kWrite, 0, 9, 0x40)
                   .time(kTick, 5, 2)
                   .text());
  }
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
                            .just(kExchange)
                            .time(kTick, 5, 2)
                            .time(kTick, 5, 2)
                            .record(kWrite, 0, 9, 0x40)
                            .time(kTick, 5, 2)
                            .text());
  // A server died, and another took the name before the follower came by.
  folder.add("moved", Program(used)
                          .time(kPass, 1, 1)
                          .record(kWrite, 0, 9, 0x40)
                          .one(kLive, 1)
                          .just(kRestart)
                          .time(kTick, 5, 2)
                          .record(kWrite, 0, 9, 0x40)
                          .time(kTick, 5, 2)
                          .text());
  folder.add("moved-first", Program(used).one(kLive, 1).just(kRestart).time(kTick, 5, 2).text());
  folder.add("moved-saved", Program(used)
                                .time(kTick, 1, 1)
                                .one(kSaveRestore, 0)
                                .one(kLive, 1)
                                .just(kRestart)
                                .time(kTick, 5, 2)
                                .text());
  folder.add("vanished", Program(used)
                             .time(kTick, 1, 1)
                             .just(kVanish)
                             .time(kTick, 5, 2)
                             .one(kLive, 1)
                             .time(kTick, 5, 2)
                             .just(kVanish)
                             .time(kTick, 5, 2)
                             .text());
  folder.add(
      "gone-saved",
      Program(used).time(kTick, 1, 1).one(kSaveRestore, 1).just(kVanish).time(kTick, 5, 2).text());
  folder.add("saved", Program(used)
                          .time(kTick, 1, 1)
                          .one(kSaveRestore, 1)
                          .record(kWrite, 0, 9, 0x46)
                          .time(kTick, 70, 2)
                          .one(kSaveRestore, 0)
                          .time(kTick, 31, 3)
                          .time(kTick, 31, 3)
                          .text());
  folder.add("labels", Program(used)
                           .label(0, 3, "bob")
                           .label(3, 4, "#rust")
                           .record(kWrite, 0, 9, 0x40)
                           .time(kTick, 5, 2)
                           .label(0, 3, "robert")
                           .label(0, 1, "")
                           .time(kTick, 5, 2)
                           .one(kLive, 0)
                           .time(kTick, 5, 2)
                           .text());
  // The table of a fresh ring has no memory before its first label.
  folder.add("labels-first", Program(static_cast<std::uint8_t>(Content::fresh))
                                 .label(0, 3, std::string(60, 'x'))
                                 .record(kWrite, 0, 9, 0x40)
                                 .time(kTick, 5, 2)
                                 .text());
  folder.add("labels-spoilt", Program(used)
                                  .label(0, 3, "bob")
                                  .spoilt_label(0, 3, 0, 1)
                                  .spoilt_label(0, 1, 2, 0x6d33315b1b01)
                                  .spoilt_label(0, 1, 7, ~std::uint64_t{0})
                                  .record(kWrite, 0, 9, 0x40)
                                  .one(kLive, 0)
                                  .time(kTick, 5, 2)
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
  for (const std::uint64_t word : {kSettling, process_word(0, 1), std::uint64_t{1} << 63})
    folder.number(word);
  folder.number(OwnerLock::kDiedBit);
  folder.number(std::uint32_t{kLabelsReady});
  for (const std::string_view text : {"\1bob", "\1\x1b[31m", "\4#ops", "\xe2\x80\xae"})
    folder.word(text);
}

}  // namespace ringside::fuzz
