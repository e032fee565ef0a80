// The one encoding of the state file.
//
//   u64    LEB128: seven bits a byte, lowest first; the eighth says that another byte follows
//   i64    a u64 with the sign in its lowest bit: 0, -1, 1, -2 become 0, 1, 2, 3
//   flag   a u64, 0 or 1
//   real   the eight bytes of a double, little endian; finite
//   text   a u64 with the length, then that many bytes
//   raw    bytes whose number both sides know
//
// A number takes as many bytes as it needs: most counts are small, and the file is written at every
// tick.
//
// The decoder takes any bytes at all. After the end, or after a value that cannot be, it returns
// only zeros and empty texts, and good() is false. So a caller may read on and ask once.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ringside {

static_assert(std::endian::native == std::endian::little,
              "the state file's bytes are little endian");

class Encoder {
 public:
  void u64(std::uint64_t value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<char>(value));
  }
  void i64(std::int64_t value) {
    u64((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void flag(bool value) { u64(value ? 1 : 0); }
  void real(double value) { raw(&value, sizeof value); }
  void text(std::string_view value) {
    u64(value.size());
    bytes_.append(value);
  }
  void raw(const void* data, std::size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t u64() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return fail();
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return fail();
  }
  std::int64_t i64() {
    const std::uint64_t value = u64();
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
  }
  bool flag() { return below(2) != 0; }
  double real() {
    double value = 0;
    raw(&value, sizeof value);
    if (std::isfinite(value)) return value;
    fail();
    return 0;
  }
  // A u64 that must be less than `end`, such as the number of an enumerator.
  std::uint64_t below(std::uint64_t end) {
    const std::uint64_t value = u64();
    return value < end ? value : fail();
  }
  std::string text() {
    const std::uint64_t size = u64();
    if (size > rest_.size()) {
      fail();
      return {};
    }
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  void raw(void* data, std::size_t size) {
    if (size > rest_.size()) {
      std::memset(data, 0, size);
      fail();
      return;
    }
    std::memcpy(data, rest_.data(), size);
    rest_.remove_prefix(size);
  }
  // The number of elements that follow, each of at least `least_bytes` bytes. Fails when it is
  // above `most`, or above what the remaining bytes could hold.
  std::uint64_t count(std::size_t least_bytes, std::uint64_t most) {
    const std::uint64_t value = u64();
    return value > most || value > rest_.size() / least_bytes ? fail() : value;
  }
  // The bytes that have not been read yet.
  std::string_view rest() const { return rest_; }
  bool good() const { return good_; }
  bool at_end() const { return good_ && rest_.empty(); }
  std::uint64_t fail() {
    good_ = false;
    rest_ = {};
    return 0;
  }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace ringside
