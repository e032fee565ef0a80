// Wall times one after the other, as format_wall_exact() has them. Those of one second share the
// work.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "report/model/format.h"

namespace ringside::tool {

class WallText {
 public:
  // Until the next call.
  std::string_view exact(std::int64_t wall_ns) {
    const std::int64_t second = wall_ns / kSecondNs;
    // Division rounds towards 0, and the first representable day is no whole one.
    if (wall_ns < 0 || second != second_) {
      text_ = format_wall_exact(wall_ns);
      second_ = wall_ns < 0 ? -1 : second;
      return text_;
    }
    auto rest = static_cast<std::uint32_t>(wall_ns % kSecondNs);
    // "2026-03-02T10:30:00.123456789Z"
    for (std::size_t at = text_.size() - 1; at > text_.size() - 10; rest /= 10)
      text_[--at] = static_cast<char>('0' + rest % 10);
    return text_;
  }

 private:
  static constexpr std::int64_t kSecondNs = 1'000'000'000;
  std::string text_;
  std::int64_t second_ = -1;  // of the text; -1 for none that others share
};

}  // namespace ringside::tool
