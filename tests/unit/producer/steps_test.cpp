// The steps of the protocol in their order, and what stands in the ring at each of them. The crash
// tests kill a process at each step; here the steps themselves are looked at.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "shm/names.h"
#include "tests/support/process.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"
#include "tests/support/under.h"
#include "tests/unit/producer/faults.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr char kRecord[] =
    "record_begun words_half totals_half record_unpublished record_published record_done ";

ProcessIdentity somebody_dead() {
  const pid_t pid = spawn([] { return 0; });
  wait_for(pid);
  ProcessIdentity identity = self_identity();
  identity.pid = static_cast<std::uint32_t>(pid);
  return identity;
}

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
  CHECK(steps.take() == "claim_allocated claim_owned ");
  CHECK(ring->lane_header(lane).owner.load() == kOwned);
  CHECK(claim_overflow(*ring).lane == lane);
  CHECK(steps.take().empty());
  Slot& slot = ring->slots(lane)[5];
  const Totals& totals = ring->totals(lane)[2];
  LaneHeader& header = ring->lane_header(lane);
  header.head.store(69);
  slot.sequence.store(12);
  std::vector<std::uint64_t> seen;
  steps.at_each([&](const std::string&) {
    seen.insert(seen.end(), {header.head, totals.recorded, totals.ticks, totals.errors,
                             slot.sequence, slot.words[3], slot.words[4], header.dropped});
  });
  Record record = operation(2, 0, 50, Outcome::error);
  record.actor = 33;
  record.subject = 44;
  CHECK(write_overflow(writer, record));
  CHECK(steps.take() ==
        "overflow_reserved overflow_half overflow_counted overflow_taken words_half "
        "overflow_unpublished overflow_done ");
  CHECK(seen == std::vector<std::uint64_t>{70, 0, 0,  0, 12,  0,  0,  0,  //
                                           70, 1, 0,  0, 12,  0,  0,  0,  //
                                           70, 1, 50, 1, 12,  0,  0,  0,  //
                                           70, 1, 50, 1, 139, 0,  0,  0,  //
                                           70, 1, 50, 1, 139, 33, 0,  0,  //
                                           70, 1, 50, 1, 139, 33, 44, 0,  //
                                           70, 1, 50, 1, 140, 33, 44, 0});
  header.head.store(69);
  CHECK_FALSE(write_overflow(writer, record));
  CHECK(steps.take() == "overflow_reserved overflow_half overflow_counted overflow_refused ");
  CHECK(header.dropped.load() == 1);
}

TEST_CASE("Steps: a fresh lane is claimed, gets its memory, and is owned after that") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  LaneHeader& header = ring->lane_header(0);
  const ProcessIdentity self = self_identity();
  Steps steps;
  std::vector<std::uint64_t> owners;
  steps.at_each([&](const std::string&) { owners.push_back(header.owner.load()); });
  const ClaimedLane claimed = claim_lane(*ring, self, 123, "a name of twenty chr");
  CHECK(steps.take() == "claim_taken claim_allocated claim_owned claim_settled ");
  CHECK(owners == std::vector<std::uint64_t>{
                      pack_owner(self.pid, 1, kClaiming), pack_owner(self.pid, 1, kClaiming),
                      pack_owner(self.pid, 1, kOwned), pack_owner(self.pid, 1, kOwned)});
  CHECK(claimed.writer.mask == 63);
  CHECK(claimed.writer.slots == ring->slots(0));
  CHECK(claimed.writer.totals == ring->totals(0));
  CHECK(claimed.writer.header == &header);
  CHECK(header.owner_tid.load() == 123);
  CHECK(header.owner_start_time.load() == self.start_time);
  char name[16];
  std::memcpy(name, &header.thread_name, sizeof name);
  CHECK(std::string(name) == "a name of twent");
  CHECK(name[15] == '\0');
  // qemu-user says that it has allocated what it has not.
  if (!kEmulated) CHECK(allocated(dir.file("ring")) >= 118'784 + 20'480);
  // Released and claimed again: the memory is there, and nothing of the last owner is.
  owners.clear();
  release_lane(*ring, 0);
  CHECK(steps.take() == "release_begun release_done ");
  CHECK(owners ==
        std::vector<std::uint64_t>{pack_owner(self.pid, 1, kOwned), pack_owner(0, 1, kReleased)});
  CHECK(header.owner_start_time.load() == 0);
  header.in_flight_start.store(7);
  header.in_flight_operation.store(8);
  owners.clear();
  CHECK(claim_lane(*ring, self, 124, "").result == Claim::owned);
  CHECK(steps.take() == "claim_taken claim_settled ");
  CHECK(owners[0] == pack_owner(self.pid, 2, kOwned));
  CHECK(header.thread_name[0].load() == 0);
  CHECK(header.thread_name[1].load() == 0);
  CHECK(header.in_flight_start.load() == 0);
  CHECK(header.in_flight_operation.load() == 0);
}

TEST_CASE("Steps: a dead owner's lane is judged by pid and start time, and settled") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  LaneHeader& header = ring->lane_header(0);
  const ProcessIdentity self = self_identity();
  const ProcessIdentity dead = somebody_dead();
  Slot& slot = ring->slots(0)[7];
  // A lane at position 71 that `owner` holds; its slot at head stands at `sequence`.
  const auto claim_from = [&](std::uint32_t owner, std::uint64_t start_time, LaneState state,
                              std::uint64_t sequence) {
    header.owner.store(pack_owner(owner, 5, state));
    header.owner_start_time.store(start_time);
    header.head.store(71);
    slot.sequence.store(sequence);
    return claim_lane(*ring, self, 1, "heir");
  };
  REQUIRE(claim(*ring).slots != nullptr);
  Steps steps;
  CHECK(claim_from(dead.pid, 7, kOwned, 16).writer.position == 71);
  CHECK(steps.take() == "claim_taken claim_settled ");
  CHECK(header.owner.load() == pack_owner(self.pid, 6, kOwned));
  CHECK(header.owner_start_time.load() == self.start_time);
  // Published, and not yet in head.
  CHECK(claim_from(dead.pid, 7, kOwned, 144).writer.position == 72);
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
  CHECK(claim_from(dead.pid, 7, kOwned, 143).writer.position == 71);
  CHECK(steps.take() == "claim_taken claim_torn claim_settled ");
  CHECK(seen == std::vector<std::uint64_t>{kSettling, 5, 5});
  CHECK(slot.sequence.load() == 0);
  CHECK(slot.words[1].load() == 99);
  slot.words[0].store(8);  // what a dead heir wanted torn to be
  CHECK(claim_from(dead.pid, 7, kOwned, kSettling).writer.position == 71);
  CHECK(header.torn.load() == 8);
  CHECK(slot.sequence.load() == 0);
  // A fresh lane whose claimer died has nothing to settle, and no memory yet.
  steps.take();
  CHECK(claim_from(dead.pid, 7, kClaiming, 143).result == Claim::owned);
  CHECK(steps.take() == "claim_taken claim_allocated claim_owned claim_settled ");
  CHECK(header.torn.load() == 8);
  // Our own: the start time may not be there yet. Another one is a dead process's with our pid.
  CHECK(claim_from(self.pid, self.start_time, kOwned, 16).result == Claim::none_free);
  CHECK(claim_from(self.pid, 0, kOwned, 16).result == Claim::none_free);
  CHECK(claim_from(self.pid, self.start_time + 1, kOwned, 16).result == Claim::owned);
  CHECK(claim_from(self.pid, 1, kOwned, 16).result == Claim::owned);
  // Of a process whose start time is not known the pid alone tells.
  CHECK(claim_from(1, 0, kOwned, 16).result == Claim::none_free);
  CHECK(claim_from(dead.pid, 0, kOwned, 16).result == Claim::owned);
  // The same start time makes no one us.
  CHECK(claim_from(dead.pid, self.start_time, kOwned, 16).result == Claim::owned);
  CHECK(claim_from(dead.pid, 7, static_cast<LaneState>(9), 16).result == Claim::none_free);
}

TEST_CASE("Steps: a dead owner's start time is gone before the lane is the heir's") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  claim(*ring);
  LaneHeader& header = ring->lane_header(0);
  header.owner.store(pack_owner(somebody_dead().pid, 5, kOwned));
  header.owner_start_time.store(7);
  Steps steps;
  std::uint64_t at_taken = 99;
  steps.at_each([&](const std::string& step) {
    if (step == "claim_taken") at_taken = header.owner_start_time.load();
  });
  CHECK(claim_lane(*ring, self_identity(), 1, "heir").result == Claim::owned);
  CHECK(at_taken == 0);
}

TEST_CASE("Steps: released lanes go first, fresh ones next, dead ones last") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {4, 64, 64});
  const ProcessIdentity self = self_identity();
  claim(*ring);
  claim(*ring);
  claim(*ring);
  ring->lane_header(0).owner.store(pack_owner(somebody_dead().pid, 1, kOwned));
  release_lane(*ring, 2);
  ClaimedLane claimed = claim_lane(*ring, self, 1, "a");
  CHECK(claimed.lane == 2);
  claimed = claim_lane(*ring, self, 1, "a");
  CHECK(claimed.lane == 3);
  claimed = claim_lane(*ring, self, 1, "a");
  CHECK(claimed.lane == 0);
  claimed = claim_lane(*ring, self, 1, "a");
  CHECK(claimed.result == Claim::none_free);
  CHECK_FALSE(lane_readable(ring->lane_header(4)));  // nobody claims the overflow lane like that
}

TEST_CASE("Steps: from another pid namespace nobody's lane is claimed") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  ProcessIdentity self = self_identity();
  self.pid_namespace = 2;
  for (const std::uint64_t home : {1, 3}) {
    ring->header().pid_namespace = home;
    const ClaimedLane claimed = claim_lane(*ring, self, 1, "child");
    CHECK(claimed.result == Claim::none_free);
    CHECK(claimed.lane == 0);
  }
  ring->header().pid_namespace = 0;  // not known
  CHECK(claim_lane(*ring, self, 1, "child").result == Claim::owned);
  release_lane(*ring, 0);
  ring->header().pid_namespace = 2;
  CHECK(claim_lane(*ring, self, 1, "child").result == Claim::owned);
}

TEST_CASE("Steps: a lane that another claimer takes meanwhile is left to it") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {2, 64, 64});
  const ProcessIdentity self = self_identity();
  claim(*ring);
  LaneHeader& header = ring->lane_header(0);
  // The owner's death is looked up in /proc. At that moment another heir gets the lane.
  const pid_t pid = spawn([] { return 0; });
  siginfo_t info{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
  header.owner.store(pack_owner(static_cast<std::uint32_t>(pid), 5, kOwned));
  header.owner_start_time.store(process_start_time(static_cast<std::uint32_t>(pid)));
  ring->lane_header(1).owner.store(pack_owner(1, 1, kOwned));  // and this one is init's
  Faults faults;
  faults.read.before([&] {
    header.owner.store(pack_owner(1, 6, kOwned));
    header.owner_start_time.store(0);
  });
  CHECK(claim_lane(*ring, self, 1, "late").result == Claim::none_free);
  CHECK(header.owner.load() == pack_owner(1, 6, kOwned));
  wait_for(pid);
}

TEST_CASE("Steps: on an old kernel a lane's memory comes through the file, if it is still ours") {
  TempDir dir;
  const std::string path = dir.file("ring");
  auto ring = make_ring(path, {1, 64, 128});
  const ProcessIdentity self = self_identity();
  LaneHeader& header = ring->lane_header(0);
  Faults faults;
  const auto claim_without_madvise = [&] {
    faults.madvise.arm(EINVAL);
    return claim_lane(*ring, self, 1, "a").result;
  };
  const auto untouched = [&] {
    return header.owner_start_time.load() == 0 && owner_state(header.owner.load()) == kNever &&
           owner_pid(header.owner.load()) == 0 && allocated(path) < 118'784 + 4096;
  };
  faults.madvise.arm(ENOMEM);
  CHECK(claim_lane(*ring, self, 1, "a").result == Claim::no_memory);
  CHECK(untouched());
  CHECK(owner_generation(header.owner.load()) == 1);
  faults.open.arm(EACCES);
  CHECK(claim_without_madvise() == Claim::no_memory);
  faults.fstat.arm(EIO);
  CHECK(claim_without_madvise() == Claim::no_memory);
  faults.fallocate.arm(ENOSPC);
  CHECK(claim_without_madvise() == Claim::no_memory);
  CHECK(untouched());
  // The name is another file's.
  REQUIRE(rename(path.c_str(), dir.file("aside").c_str()) == 0);
  auto other = make_ring(path, {1, 64, 128});
  CHECK(claim_without_madvise() == Claim::no_memory);
  CHECK(allocated(path) < 118'784 + 4096);
  REQUIRE(rename(dir.file("aside").c_str(), path.c_str()) == 0);
  CHECK(untouched());
  faults.fallocate.arm(EINTR);
  CHECK(claim_without_madvise() == Claim::owned);
  CHECK(faults.fallocate.calls() == 2);
  CHECK(allocated(path) >= 118'784 + 20'480);
  CHECK(allocated(path) < 118'784 + 20'480 + 4096);
  faults.madvise.arm(ENOMEM);
  CHECK(claim_overflow(*ring).result == Claim::no_memory);
  CHECK(ring->lane_header(1).owner.load() == 0);
  CHECK(claim_overflow(*ring).result == Claim::owned);
}

TEST_CASE("Steps: a name is begun before it is written, in each of the tables") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  Steps steps;
  std::vector<std::uint32_t> states;
  steps.at_each([&](const std::string&) {
    states = {ring->names()[3].state.load(), ring->gauges()[0].state.load(),
              ring->error_names()[0].state.load()};
  });
  const std::uint32_t begun = static_cast<std::uint32_t>(getpid()) << 8 | 1;
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

TEST_CASE(
    "Steps: a name that somebody else writes is waited for 100 ms, and one that is there is not") {
  TempDir dir;
  auto ring = make_ring(dir.file("ring"), {1, 64, 64});
  Faults faults;
  ring->names()[4].state.store(static_cast<std::uint32_t>(getpid()) << 8 | 1);
  CHECK_FALSE(enter_name(*ring, 4, {"N", "", {}}));
  CHECK(faults.slept_ns == 100'000'000);
  CHECK(enter_name(*ring, 5, {"N", "", {}}));
  CHECK(enter_name(*ring, 5, {"N", "", {}}));
  CHECK(faults.slept_ns == 100'000'000);
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
