// The steps of the protocol in their order, and what stands in the ring at each of them. The crash
// tests kill a process at each step; here the steps themselves are looked at.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "shm/labels.h"
#include "shm/names.h"
#include "tests/support/held.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/support/under.h"
#include "tests/unit/producer/faults.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// What is allocated when a ring of one lane is made: all up to the processes, and their first page.
constexpr std::uint64_t kHeadBytes = 167'936 + 4096;
constexpr char kRecord[] =
    "record_begun words_half totals_half record_unpublished record_published record_done ";

std::uint64_t allocated(const std::string& path) {
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  return static_cast<std::uint64_t>(info.st_blocks) * 512;
}

}  // namespace

TEST_CASE("Steps: a record is begun, written, counted, published, and then in head") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  LaneWriter writer = claim(*ring);
  for (int i = 0; i < 69; ++i) write_record(writer, operation(1, 0, 1));
  Slot& slot = ring->slots(0)[69 - 64];
  const Totals& totals = ring->totals(0)[2];
  const LaneHeader& header = ring->lane_header(0);
  Steps steps;
  std::vector<std::uint64_t> seen;
  steps.at_each([&](const std::string&) {
    seen.insert(seen.end(), {slot.sequence, slot.words[3], slot.words[4], totals.recorded,
                             totals.ticks, totals.errors, header.head});
  });
  Record record = operation(2, 0, 50, Outcome::error);
  record.actor = 33;
  record.subject = 44;
  write_record(writer, record);
  CHECK(steps.take() == kRecord);
  CHECK(seen == std::vector<std::uint64_t>{139, 0,  0,  0, 0,  0, 69,  // the last lap's words
                                           139, 33, 0,  0, 0,  0, 69,  //
                                           139, 33, 44, 1, 0,  0, 69,  //
                                           139, 33, 44, 1, 50, 1, 69,  //
                                           140, 33, 44, 1, 50, 1, 69,  //
                                           140, 33, 44, 1, 50, 1, 70});
}

TEST_CASE("Steps: in the overflow lane a record is reserved and counted before it has a slot") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  const std::uint32_t lane = ring->overflow_lane();
  Steps steps;
  const LaneWriter writer = claim_overflow(*ring).writer;
  CHECK(steps.take() == "claim_allocated claim_ready ");
  CHECK(ring->lane_header(lane).state.load() == kReady);
  CHECK(ring->lane_header(lane).owner.holder() == Holder::none);
  CHECK(claim_overflow(*ring).lane == lane);
  CHECK(steps.take().empty());
  Slot& slot = ring->slots(lane)[5];
  const Totals& totals = ring->totals(lane)[2];
  LaneHeader& header = ring->lane_header(lane);
  header.head.store(69);
  slot.sequence.store(12);
  Announcement announced{0};
  std::vector<std::uint64_t> seen;
  steps.at_each([&](const std::string&) {
    seen.insert(seen.end(), {header.head, totals.recorded, totals.ticks, totals.errors,
                             announced, slot.sequence, slot.words[3], slot.words[4],
                             header.dropped});
  });
  Record record = operation(2, 0, 50, Outcome::error);
  record.actor = 33;
  record.subject = 44;
  CHECK(write_overflow(writer, record, &announced));
  CHECK(steps.take() ==
        "overflow_reserved overflow_half overflow_counted overflow_announced overflow_taken "
        "words_half overflow_unpublished overflow_published overflow_done ");
  CHECK(seen == std::vector<std::uint64_t>{70, 0, 0,  0, 0,  12,  0,  0,  0,  //
                                           70, 1, 0,  0, 0,  12,  0,  0,  0,  //
                                           70, 1, 50, 1, 0,  12,  0,  0,  0,  //
                                           70, 1, 50, 1, 70, 12,  0,  0,  0,  //
                                           70, 1, 50, 1, 70, 139, 0,  0,  0,  //
                                           70, 1, 50, 1, 70, 139, 33, 0,  0,  //
                                           70, 1, 50, 1, 70, 139, 33, 44, 0,  //
                                           70, 1, 50, 1, 70, 140, 33, 44, 0,  //
                                           70, 1, 50, 1, 0,  140, 33, 44, 0});
  header.head.store(69);
  CHECK_FALSE(write_overflow(writer, record, &announced));
  CHECK(steps.take() ==
        "overflow_reserved overflow_half overflow_counted overflow_announced overflow_refused ");
  CHECK(announced.load() == 0);
  CHECK(header.dropped.load() == 1);
}

TEST_CASE("Steps: a fresh lane is locked, gets its memory, and is ready after that") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  LaneHeader& header = ring->lane_header(0);
  LaneOwner owner = test::owner("a name of twenty chr", 123);
  owner.place = {7, 9};
  Steps steps;
  std::vector<LaneLife> lives;
  steps.at_each([&](const std::string&) { lives.push_back(header.life()); });
  const ClaimedLane claimed = claim_lane(*ring, owner);
  CHECK(steps.take() == "claim_taken claim_allocated claim_ready claim_settled ");
  CHECK(lives == std::vector<LaneLife>{LaneLife::claiming, LaneLife::claiming, LaneLife::owned,
                                       LaneLife::owned});
  CHECK(claimed.writer.mask == 63);
  CHECK(claimed.writer.slots == ring->slots(0));
  CHECK(claimed.writer.totals == ring->totals(0));
  CHECK(claimed.writer.header == &header);
  CHECK(header.generation.load() == 1);
  CHECK(header.owner_pid.load() == owner.process.pid);
  CHECK(header.owner_tid.load() == 123);
  CHECK(header.owner_start_time.load() == owner.process.start_time);
  CHECK(header.process.load() == process_word(7, 9));
  char name[16];
  std::memcpy(name, &header.thread_name, sizeof name);
  CHECK(std::string(name) == "a name of twent");
  CHECK(name[15] == '\0');
  // qemu-user says that it has allocated what it has not.
  if (!kEmulated) CHECK(allocated(dir.file("ring")) >= kHeadBytes + 20'480);
  // Released and claimed again: the memory is there, and nothing of the last owner is.
  lives.clear();
  release_lane(*ring, 0);
  CHECK(steps.take() == "release_begun release_done ");
  CHECK(lives == std::vector<LaneLife>{LaneLife::owned, LaneLife::released});
  lives.clear();
  CHECK(claim_lane(*ring, test::owner("", 124)).result == Claim::owned);
  CHECK(steps.take() == "claim_taken claim_settled ");
  CHECK(lives[0] == LaneLife::owned);
  CHECK(header.generation.load() == 2);
  CHECK(header.owner_tid.load() == 124);
  CHECK(header.thread_name[0].load() == 0);
  CHECK(header.thread_name[1].load() == 0);
}

TEST_CASE("Steps: what a dead owner left is settled, and a living one's lane is not looked at" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  LaneHeader& header = ring->lane_header(0);
  Slot& slot = ring->slots(0)[7];
  // A lane at position 71 whose owner died; its slot at head stands at `sequence`. The heir gives
  // the lane back.
  const auto claim_from = [&](LaneState state, std::uint64_t sequence) {
    header.owner.word.store(OwnerLock::kDiedBit);
    header.state.store(state);
    header.head.store(71);
    slot.sequence.store(sequence);
    const ClaimedLane claimed = claim_lane(*ring, owner("heir"));
    if (claimed.result == Claim::owned) release_lane(*ring, 0);
    return claimed;
  };
  REQUIRE(claim(*ring).slots != nullptr);
  release_lane(*ring, 0);
  Steps steps;
  const std::string released = "release_begun release_done ";
  CHECK(claim_from(kReady, 16).writer.position == 71);
  CHECK(steps.take() == "claim_taken claim_settled " + released);
  // Published, and not yet in head.
  CHECK(claim_from(kReady, 144).writer.position == 72);
  CHECK(header.head.load() == 72);
  CHECK(header.torn.load() == 0);
  steps.take();
  // Half-written. What the heir does can be done again at each step.
  std::vector<std::uint64_t> seen;
  steps.at_each([&](const std::string& step) {
    if (step == "claim_torn") seen = {slot.sequence, slot.words[0], header.torn};
  });
  header.torn.store(4);
  slot.words[1].store(99);
  CHECK(claim_from(kReady, 143).writer.position == 71);
  CHECK(steps.take() == "claim_taken claim_torn claim_settled " + released);
  CHECK(seen == std::vector<std::uint64_t>{kSettling, 5, 5});
  CHECK(slot.sequence.load() == 0);
  CHECK(slot.words[1].load() == 99);
  slot.words[0].store(8);  // what a dead heir wanted torn to be
  CHECK(claim_from(kReady, kSettling).writer.position == 71);
  CHECK(header.torn.load() == 8);
  CHECK(slot.sequence.load() == 0);
  // A fresh lane whose claimer died has nothing to settle, and no memory yet.
  steps.take();
  CHECK(claim_from(kNever, 143).result == Claim::owned);
  CHECK(steps.take() == "claim_taken claim_allocated claim_ready claim_settled " + released);
  CHECK(header.torn.load() == 8);
  // A lane that was given back has nothing to settle.
  header.head.store(71);
  slot.sequence.store(143);
  CHECK(claim_lane(*ring, owner("next")).result == Claim::owned);
  CHECK(steps.take() == "claim_taken claim_settled ");
  CHECK(claim_lane(*ring, owner("late")).result == Claim::none_free);
  CHECK(steps.take().empty());
  CHECK(slot.sequence.load() == 143);
  CHECK(header.torn.load() == 8);
}

TEST_CASE("Steps: released lanes go first, fresh ones next, dead ones last" *
          doctest::skip(kEmulated)) {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {4, 64, 64});
  in_another_thread([&] { claim(*ring); });
  CHECK(claim_lane(*ring, owner()).lane == 1);
  CHECK(claim_lane(*ring, owner()).lane == 2);
  release_lane(*ring, 2);
  CHECK(claim_lane(*ring, owner()).lane == 2);
  CHECK(claim_lane(*ring, owner()).lane == 3);
  CHECK(claim_lane(*ring, owner()).lane == 0);
  CHECK(claim_lane(*ring, owner()).result == Claim::none_free);
  CHECK_FALSE(lane_readable(ring->lane_header(4)));  // nobody claims the overflow lane like that
}

TEST_CASE("Steps: a lane is the same to a thread of any pid namespace") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  ring->header().pid_namespace = 1;
  CHECK(claim_lane(*ring, owner("child")).result == Claim::owned);
}

TEST_CASE("Steps: on an old kernel a lane's memory comes page by page, and no path is opened") {
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = make_ring(path, {1, 64, 128});
  Faults faults;
  for (const int missing : {EINVAL, ENOSYS, EPERM}) {
    faults.madvise.arm(missing);
    faults.open.arm(EACCES, 0, 1000, path);
    CHECK(claim_lane(*ring, owner("a")).result == Claim::owned);
    CHECK(faults.open.calls() == 0);
    CHECK(faults.madvise.calls() == 1);
    if (missing == EINVAL) {
      CHECK(allocated(path) >= kHeadBytes + 20'480);
      CHECK(allocated(path) < kHeadBytes + 20'480 + 4096);
    }
    ring = make_ring(dir.file(std::to_string(missing)), {1, 64, 128});
  }
}

TEST_CASE("Steps: a lane whose memory is not there is free again, as it was") {
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = make_ring(path, {1, 64, 128});
  Faults faults;
  faults.madvise.arm(ENOMEM);
  CHECK(claim_lane(*ring, owner("a")).result == Claim::no_memory);
  CHECK(ring->lane_header(0).life() == LaneLife::never);
  CHECK(ring->lane_header(0).generation.load() == 0);
  CHECK(allocated(path) < kHeadBytes + 4096);
  faults.madvise.arm(ENOMEM);
  CHECK(claim_overflow(*ring).result == Claim::no_memory);
  CHECK(ring->lane_header(1).state.load() == kNever);
  CHECK(claim_overflow(*ring).result == Claim::owned);
}

TEST_CASE("Steps: a name is begun before it is written, in each of the tables") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  Steps steps;
  std::vector<std::uint32_t> states;
  steps.at_each([&](const std::string&) {
    states = {ring->names()[3].state.load(), ring->gauge_names()[0].state.load(),
              ring->error_names()[0].state.load()};
  });
  const std::uint32_t begun = kNameWriting;
  CHECK(enter_name(*ring, 3, {"N", "", {}}));
  CHECK(steps.take() == "name_begun ");
  CHECK(states == std::vector<std::uint32_t>{begun, 0, 0});
  CHECK(enter_gauge(*ring, "G") == 0);
  CHECK(steps.take() == "name_begun ");
  CHECK(states == std::vector<std::uint32_t>{2, begun, 0});
  CHECK(enter_error_name(*ring, 4, "E"));
  CHECK(steps.take() == "name_begun ");
  CHECK(states == std::vector<std::uint32_t>{2, 2, begun});
}

TEST_CASE("Steps: a label cannot be read while it is written, and the one before it is gone") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  REQUIRE(give_label(*ring, LabelKind::user, 7, "alice"));
  Steps steps;
  std::vector<std::string> seen;
  steps.at_each(
      [&](const std::string&) { seen.push_back(read_label(*ring, LabelKind::user, 7)); });
  CHECK(give_label(*ring, LabelKind::user, 7, "alicia"));
  CHECK(steps.take() == "label_taken label_half ");
  CHECK(seen == std::vector<std::string>{"", ""});
  CHECK(read_label(*ring, LabelKind::user, 7) == "alicia");
}

TEST_CASE("Steps: who registers something is waited for 100 ms, and for a name that is there not") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  CHECK(enter_name(*ring, 5, {"N", "", {}}));
  Faults faults;
  Held stopped([&] { CHECK(ring->header().registry.take() == Holder::none); });
  CHECK_FALSE(enter_name(*ring, 4, {"N", "", {}}));
  CHECK(faults.slept_ns == 100'000'000);
  CHECK(enter_name(*ring, 5, {"N", "", {}}));
  CHECK(faults.slept_ns == 100'000'000);
  CHECK(enter_gauge(*ring, "G") == kMaxGauges);
  CHECK_FALSE(enter_error_name(*ring, 5, "E"));
  CHECK(faults.slept_ns == 300'000'000);
}

TEST_CASE("Steps: a file of /proc is read to its end, in whatever pieces it comes") {
  const ProcessIdentity self = self_identity();
  const BootId boot = current_boot_id();
  Faults faults;
  faults.read_at_most = 7;
  CHECK(process_start_time(self.pid) == self.start_time);
  CHECK(process_liveness(self.pid, self.start_time) == Liveness::alive);
  CHECK(current_boot_id().words[0] == boot.words[0]);
  CHECK(current_boot_id().words[1] == boot.words[1]);
  faults.read.arm(EINTR, 2);
  CHECK(process_start_time(self.pid) == self.start_time);
  // Another failure ends it. What is not known is not dead.
  faults.read.arm(EIO);
  CHECK(process_start_time(self.pid) == 0);
  CHECK(faults.read.calls() == 1);
  faults.read.arm(EIO);
  CHECK(process_liveness(self.pid, self.start_time) == Liveness::unknown);
  faults.open.arm(EMFILE);
  CHECK(process_start_time(self.pid) == 0);
  faults.open.arm(EMFILE);
  CHECK(current_boot_id().words[0] == 0);
}
