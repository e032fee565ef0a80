// The id of an address. Every client has one, and two clients that must be told apart have
// different ones.
#include <arpa/inet.h>

#include <algorithm>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "shm/address.h"
#include "shm/words.h"

using namespace ringside;

namespace {

std::uint64_t id(const char* text) {
  unsigned char bytes[16] = {};
  if (inet_pton(AF_INET, text, bytes) == 1) return address_id(bytes, 4);
  REQUIRE(inet_pton(AF_INET6, text, bytes) == 1);
  return address_id(bytes, 16);
}

}  // namespace

TEST_CASE("Address: IPv4 is its 32 bits, also where a dual-stack socket shows it as IPv6") {
  CHECK(id("127.0.0.1") == 0x7f000001);
  CHECK(id("::ffff:127.0.0.1") == 0x7f000001);
  CHECK(id("255.255.255.255") == 0xffffffff);
  CHECK(id("::ffff:203.0.113.9") == id("203.0.113.9"));
}

TEST_CASE(
    "Address: an IPv6 client is its network of 64 bits, whatever the rest of its address is") {
  CHECK(id("2001:db8:1:2::7") == 0x20010db800010002);
  CHECK(id("2001:db8:1:2::7") == id("2001:db8:1:2:aaaa:bbbb:cccc:dddd"));
  CHECK(id("2001:db8:1:2::7") != id("2001:db8:1:3::7"));
  CHECK(id("fd00::2") == 0xfd00000000000000);
}

TEST_CASE("Address: neighbours on one link are told apart") {
  CHECK(id("fe80::a:b:c") == 0xfe80000a000b000c);
  CHECK(id("fe80::1") != id("fe80::2"));
}

TEST_CASE("Address: no IPv6 address has the id of an IPv4 address, or none") {
  CHECK(id("::1") == 0x100000001);
  std::set<std::uint64_t> ids;
  const char* const kInUse[] = {"::1",     "64:ff9b::1", "2001:db8::", "fe80::1",
                                "fc00::1", "ff02::1",    "febf::1:1"};
  for (const char* text : kInUse) {
    INFO(std::string(text));
    CHECK(id(text) > 0xffffffff);
    CHECK(ids.insert(id(text)).second);
  }
  // Nobody uses the rest of ::/32. Its addresses may share an id with each other, but not with
  // IPv4.
  for (const char* text : {"::", "::2", "::127.0.0.1", "0:0:0:1::", "0:0:1::1", "::fffe:7f00:1"}) {
    INFO(std::string(text));
    CHECK(id(text) > 0xffffffff);
  }
}

TEST_CASE("Address: each form is told from its neighbours at every one of its bits") {
  // ::ffff:a.b.c.d is IPv4 only if everything before ffff is 0.
  CHECK(id("0:0:0:0:100:ffff:102:304") == 0x101020304);
  CHECK(id("2001:db8:0:0:0:ffff:102:304") == 0x20010db800000000);
  CHECK(id("::fffe:7f00:1") == 0x17f000001);
  CHECK(id("::127.0.0.1") == 0x17f000001);
  // ::/32 has its first 32 bits 0, and no more of them need be.
  CHECK(id("0:0:8000::1") == 0x100000001);
  CHECK(id("0:1:2:3::9") == 0x0000000100020003);
  // A link-local id has the last 48 bits, and nothing of those before.
  CHECK(id("fe80::12:a:b:c") == 0xfe80000a000b000c);
  CHECK(id("febf:ffff::a:b:c") == 0xfe80000a000b000c);
  CHECK(id("fec0::a:b:c") == 0xfec0000000000000);
  CHECK(id("fe7f::a:b:c") == 0xfe7f000000000000);
}

TEST_CASE("Address: bytes of another length are nobody's") {
  const unsigned char bytes[16] = {1, 2, 3, 4};
  CHECK(address_id(bytes, 0) == 0);
  CHECK(address_id(bytes, 6) == 0);
  for (const std::size_t length : {3, 5, 15, 17}) CHECK(address_id(bytes, length) == 0);
}

TEST_CASE("Words: every number of the format has a word, and any other number is unknown") {
  CHECK(std::string(outcome_word(static_cast<std::uint8_t>(Outcome::ok))) == "ok");
  CHECK(std::string(outcome_word(static_cast<std::uint8_t>(Outcome::cancelled))) == "cancelled");
  CHECK(std::string(outcome_word(7)) == "unknown");
  CHECK(std::string(outcome_word(255)) == "unknown");
  CHECK(std::string(actor_kind_word(ActorKind::none)) == "none");
  CHECK(std::string(actor_kind_word(ActorKind::address)) == "address");
  CHECK(std::string(actor_kind_word(static_cast<ActorKind>(4))) == "unknown");
  CHECK(std::string(subject_kind_word(SubjectKind::address)) == "address");
  CHECK(std::string(subject_kind_word(static_cast<SubjectKind>(5))) == "unknown");
  CHECK(std::string(lane_life_word(LaneLife::never)) == "never");
  CHECK(std::string(lane_life_word(LaneLife::released)) == "released");
  CHECK(std::string(lane_life_word(LaneLife::dead)) == "dead");
  CHECK(std::string(lane_life_word(static_cast<LaneLife>(5))) == "unknown");
}

TEST_CASE("Words: a thread's name is cut at its end and steers no terminal") {
  LaneHeader header{};
  const auto put = [&](const std::string& bytes) {
    std::uint64_t words[2] = {0, 0};
    std::memcpy(words, bytes.data(), std::min(bytes.size(), sizeof words));
    header.thread_name[0] = words[0];
    header.thread_name[1] = words[1];
  };
  CHECK(lane_thread_name(header).empty());
  put(std::string("worker\0garbage!!", 16));
  CHECK(lane_thread_name(header) == "worker");
  put("0123456789abcdef");  // has no NUL of its own
  CHECK(lane_thread_name(header) == "0123456789abcdef");
  put("a\x1b[31m\x7f\xc3\xa4......");
  CHECK(lane_thread_name(header) == "a?[31m???......");
  put("a b~\x1f!");  // the first and the last byte that are shown, and the ones beside them
  CHECK(lane_thread_name(header) == "a b~?!");
  // What stands behind the two words is no part of the name.
  put("0123456789abcdef");
  header.reserved_cold[0] = 0x7878787878787878;
  CHECK(lane_thread_name(header) == "0123456789abcdef");
}
