// An address as one number: the 64-bit id of an actor or subject of kind `address`.
//
//   address                    id                                 example
//   IPv4, also ::ffff:a.b.c.d  its 32 bits, in host order         127.0.0.1      0x000000007f000001
//   IPv6                       its first 64 bits, in host order   2001:db8::7    0x20010db800000000
//   link-local (fe80::/10)     0xfe80, then its last 48 bits      fe80::a:b:c    0xfe80000a000b000c
//   ::/32, such as ::1         2^32 + its last 32 bits            ::1            0x0000000100000001
//
// An IPv6 client owns a whole /64 and may change the rest of its address at will. So the network is
// its identity, and a block by id cannot be dodged. Two kinds have a form of their own: neighbours
// on a link share their first 64 bits, and those of ::1 are 0. No IPv6 address has the id of an
// IPv4 address, and none has 0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringside {

// `bytes` is an address in network order, `length` 4 (in_addr) or 16 (in6_addr). 0 for any other
// length.
constexpr std::uint64_t address_id(const unsigned char* bytes, std::size_t length) {
  const auto number = [bytes](std::size_t begin, std::size_t end) {
    std::uint64_t value = 0;
    for (std::size_t i = begin; i < end; ++i) value = value << 8 | bytes[i];
    return value;
  };
  if (length == 4) return number(0, 4);
  if (length != 16) return 0;
  const std::uint64_t network = number(0, 8);
  if (network == 0 && number(8, 12) == 0xffff) return number(12, 16);
  if (network >> 54 == 0xfe80U >> 6) return std::uint64_t{0xfe80} << 48 | number(10, 16);
  if (network >> 32 == 0) return std::uint64_t{1} << 32 | number(12, 16);
  return network;
}

}  // namespace ringside
