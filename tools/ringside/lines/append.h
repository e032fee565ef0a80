// Puts texts and whole numbers behind a string, without a string of their own for each.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <string>
#include <string_view>

namespace ringside::tool {

inline void append_one(std::string& out, std::string_view text) { out += text; }
template <std::integral Number>
void append_one(std::string& out, Number number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

// In order, as many as there are.
template <typename... Pieces>
void append_all(std::string& out, const Pieces&... pieces) {
  (append_one(out, pieces), ...);
}

}  // namespace ringside::tool
