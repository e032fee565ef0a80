// Whose file a ring may be.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "tests/support/process.h"
#include "tests/unit/shm/left_ring.h"

using namespace ringside;
using namespace ringside::test;

namespace {

const std::string kNameTheOwner =
    "\n  next: if that is the server's user, name that user for this ring (ringsided: [owners]); "
    "else find out who took the name";

}  // namespace

TEST_CASE("Open: whose file it is decides, unless any owner is welcome") {
  if (geteuid() != 0) return;  // only root can give files away
  const LeftRing ring;
  const auto as_user = [&](uid_t user, const std::function<int()>& body) {
    return run([&] {
      if (setgid(user) != 0 || setuid(user) != 0) return 9;
      return body();
    });
  };
  REQUIRE(chmod(ring.dir.path().c_str(), 0755) == 0);
  REQUIRE(chmod(ring.path.c_str(), 0644) == 0);
  // Root's ring is everybody's.
  CHECK(as_user(65'534, [&] { return ring.why().empty() ? 0 : 1; }).exited(0));
  REQUIRE(chown(ring.path.c_str(), 65'534, 65'534) == 0);
  CHECK(as_user(65'534, [&] { return ring.why().empty() ? 0 : 1; }).exited(0));
  CHECK(ring.why() == "belongs to user 65534, expected root" + kNameTheOwner);
  const std::string not_mine = "belongs to user 65534, expected 65533 or root" + kNameTheOwner;
  CHECK(as_user(65'533, [&] { return ring.why() == not_mine ? 0 : 1; }).exited(0));
  OpenOptions any;
  any.any_owner = true;
  CHECK(ring.why(any).empty());
  CHECK(as_user(65'533, [&] { return ring.why(any).empty() ? 0 : 1; }).exited(0));
  REQUIRE(chmod(ring.path.c_str(), 0600) == 0);
  CHECK(as_user(65'533, [&] {
          return ring.why(any) ==
                         "may not be opened by this user: Permission denied\n  next: run "
                         "as the server's user, or let the server create it with a wider "
                         "mode"
                     ? 0
                     : 1;
        }).exited(0));
}

TEST_CASE("Open: where one user must own the file, it is that one alone, whoever else is welcome") {
  const LeftRing ring;
  struct stat info {};
  REQUIRE(stat(ring.path.c_str(), &info) == 0);
  const std::string found = "belongs to user " + std::to_string(info.st_uid);
  OpenOptions options;
  options.owner = FileOwner{info.st_uid, ""};
  CHECK(ring.why(options).empty());
  SegmentFacts facts;
  Failure failure;
  REQUIRE(open_segment(ring.path, options, &facts, &failure) != nullptr);
  CHECK(facts.owner == info.st_uid);
  // Neither the reader's own file nor one that any owner may have: the named user's, or none.
  options.owner = FileOwner{4711, ""};
  CHECK(ring.why(options) == found + ", expected user 4711" + kNameTheOwner);
  options.any_owner = true;
  options.owner->name = "irc";
  CHECK(ring.why(options) == found + ", expected user 4711 (irc)" + kNameTheOwner);
  if (geteuid() != 0) {
    MESSAGE("the rest is not shown here: only root can give files away");
    return;
  }
  REQUIRE(chown(ring.path.c_str(), 4711, 4711) == 0);
  CHECK(ring.why(options).empty());
  options.any_owner = false;
  CHECK(ring.why(options).empty());
  options.owner = FileOwner{0, "root"};
  CHECK(ring.why(options) == "belongs to user 4711, expected user 0 (root)" + kNameTheOwner);
}
