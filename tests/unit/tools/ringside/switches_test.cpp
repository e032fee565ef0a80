// A ring's switches, and what a setting makes of them.
#include "tools/ringside/control/switches.h"
#include "tests/unit/tools/ringside/tool_ring.h"

namespace ringside::tool {
namespace {

TEST_CASE("Switches: a setting is on, off or one in so many") {
  CHECK(parse_setting("on")->kind == Setting::Kind::on);
  CHECK(parse_setting("off")->kind == Setting::Kind::off);
  CHECK(parse_setting("1/10")->one_in == 10);
  for (const char* text : {"", "1/", "1/0", "1/x", "2/3", "1/4294967296", "1/-1", "On", "1/10 "})
    CHECK_FALSE(parse_setting(text).has_value());
}

TEST_CASE("Switches: off keeps each sampling, and on brings it back") {
  const ToolRing ring;
  Control& words = ring.segment->control();
  const Switches fresh = read_switches(words);
  const Switches sampled = apply(fresh, *parse_setting("1/10"), {kSend});
  write_switches(words, fresh, sampled);
  CHECK(words.effective[kSend] == 10);
  CHECK(words.effective[kLogin] == 1);
  const Switches off = apply(sampled, *parse_setting("off"), {});
  write_switches(words, sampled, off);
  CHECK(words.enabled == 0);
  CHECK(words.effective[kSend] == 0);
  CHECK(words.requested[kSend] == 10);
  // One that is set meanwhile takes effect with the rest.
  const Switches none = apply(off, *parse_setting("off"), {kLogin});
  write_switches(words, off, none);
  write_switches(words, none, apply(none, *parse_setting("on"), {}));
  CHECK(words.enabled == 1);
  CHECK(words.effective[kSend] == 10);
  CHECK(words.effective[kLogin] == 0);
  CHECK(words.effective[kRetry] == 1);
}

TEST_CASE("Switches: a sampling of all is of operations, also of those to come") {
  const ToolRing ring;
  const Switches fresh = read_switches(ring.segment->control());
  const Switches sampled = apply(fresh, *parse_setting("1/7"), {});
  CHECK(sampled.one_in[kSend] == 7);
  CHECK(sampled.one_in[kMaxOperations - 1] == 7);
  CHECK(sampled.one_in[kRetry] == 1);
  CHECK(sampled.enabled);
}

TEST_CASE("Switches: what another has changed meanwhile stays when a change is taken back") {
  const ToolRing ring;
  Control& words = ring.segment->control();
  const Switches before = read_switches(words);
  const Switches after = apply(before, *parse_setting("1/5"), {kSend, kLogin});
  write_switches(words, before, after);
  const Switches others = apply(after, *parse_setting("1/9"), {kLogin});
  write_switches(words, after, others);
  take_back(words, before, after);
  CHECK(words.effective[kSend] == 1);
  CHECK(words.effective[kLogin] == 9);
  CHECK(words.requested[kLogin] == 9);
}

}  // namespace
}  // namespace ringside::tool
