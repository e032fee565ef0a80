#include "daemon/storage/state_file.h"

#include <fmt/format.h>

#include <boost/crc.hpp>
#include <type_traits>

namespace ringside {
namespace {

constexpr std::string_view kMagicText = "RSSTATE\n";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 24;

template <typename T>
void put(std::string& out, T value) {
  static_assert(std::is_unsigned_v<T>);
  for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

template <typename T>
T get(std::string_view bytes, std::size_t at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

std::uint32_t crc_of(std::string_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return static_cast<std::uint32_t>(crc.checksum());
}

void put_part(std::string& out, std::string_view part) {
  put(out, std::uint64_t{part.size()});
  out += part;
}

bool take_part(std::string_view& rest, std::string_view* part) {
  if (rest.size() < 8) return false;
  const auto bytes = get<std::uint64_t>(rest, 0);
  rest.remove_prefix(8);
  if (bytes > rest.size()) return false;
  *part = rest.substr(0, bytes);
  rest.remove_prefix(bytes);
  return true;
}

}  // namespace

std::string encode_state(const SavedState& state) {
  std::string meta;
  put(meta, static_cast<std::uint64_t>(state.meta.since_wall_ns));
  put(meta, static_cast<std::uint64_t>(state.meta.saved_wall_ns));
  put(meta, state.meta.restarts);
  std::string out;
  out.reserve(kHeaderBytes + 24 + state.watch.size() + state.alerts.size() + meta.size());
  out.resize(kHeaderBytes);
  put_part(out, state.watch);
  put_part(out, state.alerts);
  put_part(out, meta);
  const std::string_view body = std::string_view(out).substr(kHeaderBytes);
  std::string header(kMagicText);
  put(header, kVersion);
  put(header, crc_of(body));
  put(header, std::uint64_t{body.size()});
  out.replace(0, kHeaderBytes, header);
  return out;
}

bool decode_state(std::string_view bytes, SavedState* state, std::string* why) {
  if (bytes.size() < kHeaderBytes || bytes.substr(0, kMagicText.size()) != kMagicText) {
    *why = "found no state's beginning, expected \"RSSTATE\"";
    return false;
  }
  if (const auto version = get<std::uint32_t>(bytes, 8); version != kVersion) {
    *why = fmt::format("found version {}, this program reads {}", version, kVersion);
    return false;
  }
  std::string_view rest = bytes.substr(kHeaderBytes);
  if (const auto length = get<std::uint64_t>(bytes, 16); length != rest.size()) {
    *why = fmt::format("found {} bytes behind the header, expected {}", rest.size(), length);
    return false;
  }
  if (const auto expected = get<std::uint32_t>(bytes, 12); crc_of(rest) != expected) {
    *why = fmt::format("found checksum {:08x}, expected {:08x}", crc_of(rest), expected);
    return false;
  }
  std::string_view watch, alerts, meta;
  if (!take_part(rest, &watch) || !take_part(rest, &alerts) || !take_part(rest, &meta) || !rest.empty() ||
      meta.size() != 24) {
    *why = "found parts that do not fit their lengths";
    return false;
  }
  state->watch = watch;
  state->alerts = alerts;
  state->meta.since_wall_ns = static_cast<std::int64_t>(get<std::uint64_t>(meta, 0));
  state->meta.saved_wall_ns = static_cast<std::int64_t>(get<std::uint64_t>(meta, 8));
  state->meta.restarts = get<std::uint64_t>(meta, 16);
  return true;
}

}  // namespace ringside
