// What the snapshot calls the users, rooms and addresses of a ring.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/rings/ring_labels.h"
#include "daemon/rings/watch.h"
#include "shm/labels.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/rings/looking.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// A ring in which user `id` did something in room 7.
void write_of(FollowedRing& ring, std::uint64_t id) {
  Record record = operation(0, static_cast<std::uint64_t>(kFollowBegin), 10, Outcome::error);
  record.error = 5;
  record.actor = id;
  record.subject = 7;
  record.flags =
      static_cast<std::uint16_t>(static_cast<unsigned>(ActorKind::user) |
                                 static_cast<unsigned>(SubjectKind::room) << kFlagSubjectShift);
  write_record(ring.lane, record);
}

// The labels of all users in the lists of the last operations.
std::vector<std::string> users(const Snapshot& snapshot) {
  std::vector<std::string> out;
  for (const SeriesView& series : snapshot.operations) {
    for (const RecordView& record : series.last) out.push_back(record.actor.label);
  }
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("LabelsShown: wherever a party stands in the snapshot it has its label") {
  TempDir dir;
  FollowedRing ring(dir.file("ring"));
  give_label(*ring.ring, LabelKind::user, 42, "alice");
  give_label(*ring.ring, LabelKind::room, 7, "#ops");
  write_of(ring, 42);
  Watch watch({{dir.file("ring")}, 100, 20});
  Snapshot shown = watch.tick(tenths(0));
  int parties = 0;
  for_each_party(shown, [&](const Party& party, const std::string&) {
    if (party.none()) return;
    ++parties;
    CHECK(party.label == (party.kind == PartyKind::user ? "alice" : "#ops"));
  });
  // In the operation, in all, in both lists of the slowest, in the error, and in four lists.
  CHECK(parties == 2 * 4 + 1 + 4);
}

TEST_CASE("LabelsShown: a party of no kind, or of one that nobody knows, has no label") {
  TempDir dir;
  FollowedRing ring(dir.file("ring"));
  RingLabels labels;
  for (const PartyKind kind : {PartyKind::none, PartyKind::unknown}) {
    Party party;
    party.kind = kind;
    party.label = "untouched";
    labels.give(ring.ring.get(), party);
    CHECK(party.label == "untouched");
  }
}

TEST_CASE("LabelsShown: a label that comes later is shown, and of two rings each has its own") {
  TempDir dir;
  FollowedRing a(dir.file("a"));
  FollowedRing b(dir.file("b"));
  write_of(a, 1);
  write_of(b, 1);
  Watch watch({{dir.file("a"), dir.file("b")}, 100, 20});
  CHECK(users(watch.tick(tenths(0))) == Texts{"", ""});
  give_label(*a.ring, LabelKind::user, 1, "alice");
  give_label(*b.ring, LabelKind::user, 1, "bob");
  Texts both = users(watch.tick(tenths(50)));
  std::sort(both.begin(), both.end());
  CHECK(both == Texts{"alice", "bob"});
}

TEST_CASE(
    "LabelsShown: labels outlive their server, and those that nobody asks for are forgotten") {
  TempDir dir;
  Watch watch({{dir.file("ring")}, 2, 20});
  {
    FollowedRing ring(dir.file("ring"));
    give_label(*ring.ring, LabelKind::user, 1, "alice");
    write_of(ring, 1);
    write_of(ring, 2);
    watch.tick(tenths(0));
    give_label(*ring.ring, LabelKind::user, 2, "bob");
    ring.close();
  }
  CHECK(users(watch.tick(tenths(50))) == Texts{"bob", "alice"});
  CHECK(users(watch.tick(tenths(100))) == Texts{"bob", "alice"});
  // The next server has labels of its own.
  FollowedRing next(dir.file("ring"));
  give_label(*next.ring, LabelKind::user, 1, "alicia");
  CHECK(users(watch.tick(tenths(150))) == Texts{"bob", "alicia"});
}

TEST_CASE("LabelsShown: none of them where the configuration says so") {
  TempDir dir;
  FollowedRing ring(dir.file("ring"));
  give_label(*ring.ring, LabelKind::user, 1, "alice");
  write_of(ring, 1);
  WatchOptions options{{dir.file("ring")}, 100, 20};
  Watch watch(options);
  CHECK(users(watch.tick(tenths(0))) == Texts{"alice"});
  options.labels = false;
  watch.reconfigure(options);
  CHECK(users(watch.tick(tenths(50))) == Texts{""});
}
