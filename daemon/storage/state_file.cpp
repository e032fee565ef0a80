#include "daemon/storage/state_file.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <boost/crc.hpp>

#include "daemon/storage/codec.h"

namespace ringside {
namespace {

constexpr std::string_view kMagicText = "RSSTATE\n";

std::array<char, 4> crc_bytes(std::string_view body) {
  boost::crc_32_type crc;
  crc.process_bytes(body.data(), body.size());
  // The codec's numbers are little endian too, and it makes sure that the machine is.
  return std::bit_cast<std::array<char, 4>>(crc.checksum());
}

bool damaged(std::string* why, std::string_view what) {
  *why = fmt::format("the state is damaged: {}", what);
  return false;
}

}  // namespace

std::string encode_state(const SavedState& state) {
  Encoder body;
  body.text(state.watch);
  body.text(state.alerts);
  body.i64(state.meta.since_wall_ns);
  body.i64(state.meta.saved_wall_ns);
  body.u64(state.meta.restarts);
  body.text(state.lines);
  const std::string bytes = body.take();
  const std::array<char, 4> crc = crc_bytes(bytes);
  Encoder out;
  out.raw(kMagicText.data(), kMagicText.size());
  out.u64(kStateVersion);
  out.raw(crc.data(), crc.size());
  out.raw(bytes.data(), bytes.size());
  return out.take();
}

bool decode_state(std::string_view bytes, SavedState* state, std::string* why) {
  if (!bytes.starts_with(kMagicText)) return damaged(why, "it does not begin with \"RSSTATE\"");
  Decoder in(bytes.substr(kMagicText.size()));
  const std::uint64_t version = in.u64();
  if (!in.good()) return damaged(why, "it ends in its header");
  if (version != kStateVersion) {
    *why = fmt::format("the state is of version {}, this daemon reads {}", version, kStateVersion);
    return false;
  }
  std::array<char, 4> expected{};
  in.raw(expected.data(), expected.size());
  if (!in.good()) return damaged(why, "it ends in its header");
  if (crc_bytes(in.rest()) != expected) return damaged(why, "its checksum is wrong");
  SavedState found;
  found.watch = in.text();
  found.alerts = in.text();
  found.meta.since_wall_ns = in.i64();
  found.meta.saved_wall_ns = in.i64();
  found.meta.restarts = in.u64();
  found.lines = in.text();
  if (!in.at_end()) return damaged(why, "its parts do not fit their lengths");
  *state = std::move(found);
  return true;
}

}  // namespace ringside
