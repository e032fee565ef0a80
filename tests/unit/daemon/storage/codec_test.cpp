// The state file's encoding, byte by byte.

#include "daemon/storage/codec.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "daemon/storage/state_file.h"

namespace ringside {
namespace {

std::string bytes_of(const std::vector<unsigned>& bytes) {
  std::string out;
  for (const unsigned byte : bytes) out += static_cast<char>(byte);
  return out;
}

template <typename Write>
std::string written(const Write& write) {
  Encoder out;
  write(out);
  return out.take();
}

TEST_CASE("Codec: a number takes a byte for every seven bits, the lowest first") {
  const std::vector<std::pair<std::uint64_t, std::vector<unsigned>>> numbers = {
      {0, {0}},
      {1, {1}},
      {127, {0x7f}},
      {128, {0x80, 0x01}},
      {300, {0xac, 0x02}},
      {16'383, {0xff, 0x7f}},
      {16'384, {0x80, 0x80, 0x01}},
      {UINT64_MAX, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}}};
  for (const auto& [value, bytes] : numbers) {
    const std::uint64_t number = value;
    CAPTURE(number);
    CHECK(written([&](Encoder& out) { out.u64(number); }) == bytes_of(bytes));
    const std::string text = bytes_of(bytes);
    Decoder in(text);
    CHECK(in.u64() == number);
    CHECK(in.at_end());
  }
}

TEST_CASE("Codec: a signed number has its sign in the lowest bit") {
  const std::vector<std::pair<std::int64_t, std::vector<unsigned>>> numbers = {
      {0, {0}},
      {-1, {1}},
      {1, {2}},
      {-2, {3}},
      {63, {0x7e}},
      {-64, {0x7f}},
      {64, {0x80, 0x01}},
      {INT64_MAX, {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
      {INT64_MIN, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}}};
  for (const auto& [value, bytes] : numbers) {
    const std::int64_t number = value;
    CAPTURE(number);
    CHECK(written([&](Encoder& out) { out.i64(number); }) == bytes_of(bytes));
    const std::string text = bytes_of(bytes);
    Decoder in(text);
    CHECK(in.i64() == number);
    CHECK(in.at_end());
  }
}

TEST_CASE("Codec: flags, reals, texts and raw bytes have these bytes, and nothing between them") {
  const std::string bytes = written([](Encoder& out) {
    out.flag(false);
    out.flag(true);
    out.text("ab");
    out.text("");
    out.raw("xyz", 3);
    out.real(-0.25);
  });
  CHECK(bytes == bytes_of({0, 1, 2, 'a', 'b', 0, 'x', 'y', 'z', 0, 0, 0, 0, 0, 0, 0xd0, 0xbf}));
  Decoder in(bytes);
  CHECK_FALSE(in.flag());
  CHECK(in.flag());
  CHECK(in.text() == "ab");
  CHECK(in.text().empty());
  char raw[3] = {};
  in.raw(raw, sizeof raw);
  CHECK(std::string(raw, 3) == "xyz");
  CHECK_FALSE(in.at_end());
  CHECK(in.real() == -0.25);
  CHECK(in.at_end());
}

TEST_CASE("Codec: a number of more than 64 bits is refused") {
  const std::string bytes = std::string(10, '\x80') + std::string(1, '\0');
  Decoder in(bytes);
  CHECK(in.u64() == 0);
  CHECK_FALSE(in.good());
}

TEST_CASE("Codec: what is cut off gives zeros, an empty text and zeroed bytes, and is no end") {
  const std::string cut_text = bytes_of({3, 'a', 'b'});
  Decoder text(cut_text);
  CHECK(text.text().empty());
  CHECK_FALSE(text.good());
  CHECK_FALSE(text.at_end());
  Decoder raw("ab");
  char bytes[3] = {'x', 'y', 'z'};
  raw.raw(bytes, sizeof bytes);
  CHECK(std::string(bytes, 3) == std::string(3, '\0'));
  CHECK_FALSE(raw.good());
  Decoder real("1234567");
  CHECK(real.real() == 0);
  CHECK_FALSE(real.good());
  Decoder flag("");
  CHECK_FALSE(flag.flag());
  CHECK_FALSE(flag.at_end());
}

TEST_CASE("Codec: a number of elements is at most what was allowed, and what can still follow") {
  const auto count = [](unsigned number, std::size_t follow, std::size_t least,
                        std::uint64_t most) {
    const std::string bytes = bytes_of({number}) + std::string(follow, 'x');
    Decoder in(bytes);
    const std::uint64_t counted = in.count(least, most);
    CHECK(counted == (in.good() ? number : 0));
    return in.good();
  };
  CHECK(count(0, 0, 1, 0));
  CHECK(count(3, 3, 1, 3));
  CHECK(count(3, 6, 2, 9));
  CHECK_FALSE(count(4, 9, 1, 3));  // too many
  CHECK_FALSE(count(3, 2, 1, 9));  // too few bytes
  CHECK_FALSE(count(3, 5, 2, 9));
}

TEST_CASE("Codec: a number that must be below a bound may be the one before it") {
  Decoder in(std::string_view("\x04\x05", 2));
  CHECK(in.below(5) == 4);
  CHECK(in.good());
  CHECK(in.below(5) == 0);
  CHECK_FALSE(in.good());
}

TEST_CASE("StateFile: its bytes are those that its format says") {
  SavedState state;
  state.watch = std::string("w\0x", 3);
  state.alerts = "[]";
  state.meta = {-5, 300, 3};
  state.lines = "l";
  CHECK(encode_state(state) ==
        bytes_of({'R',  'S',  'S',  'T',  'A', 'T', 'E', '\n', 10,  // magic, version
                  0x56, 0x98, 0xfb, 0x2d,                          // CRC-32 of what follows
                  3,    'w',  0,    'x',  2,   '[', ']', 0x09, 0xd8, 0x04, 3, 1, 'l'}));
  CHECK(encode_state({}) == bytes_of({'R', 'S', 'S', 'T', 'A', 'T', 'E', '\n', 10, 0xa3, 0xa1, 0xc2,
                                      0xb1, 0, 0, 0, 0, 0, 0}));
}

TEST_CASE("StateFile: what is wrong with a state is said, and nothing of it is taken") {
  const std::string head = bytes_of({'R', 'S', 'S', 'T', 'A', 'T', 'E', '\n'});
  const auto why_not = [](const std::string& bytes) {
    SavedState state;
    state.watch = "as it was";
    std::string why;
    CHECK_FALSE(decode_state(bytes, &state, &why));
    CHECK(state.watch == "as it was");
    return why;
  };
  CHECK(why_not("RSSTATE") == "the state is damaged: it does not begin with \"RSSTATE\"");
  CHECK(why_not(head) == "the state is damaged: it ends in its header");
  CHECK(why_not(head + bytes_of({11})) == "the state is of version 11, this daemon reads 10");
  CHECK(why_not(head + bytes_of({10, 1, 2, 3})) == "the state is damaged: it ends in its header");
  CHECK(why_not(head + bytes_of({10, 0xa3, 0xa1, 0xc2, 0xb2, 0, 0, 0, 0, 0, 0})) ==
        "the state is damaged: its checksum is wrong");
  // These have the right checksum, and a byte too many or too few.
  CHECK(why_not(head + bytes_of({10, 0x7e, 0xdf, 0x6c, 0x9d, 0, 0, 0, 0, 0, 0, 0})) ==
        "the state is damaged: its parts do not fit their lengths");
  CHECK(why_not(head + bytes_of({10, 0x1d, 0xf7, 0x22, 0xc6, 0, 0, 0, 0, 0})) ==
        "the state is damaged: its parts do not fit their lengths");
}

}  // namespace
}  // namespace ringside
