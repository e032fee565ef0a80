// A chart on a terminal that is drawn again and again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>

namespace ringside::tool {

// What stands on the terminal is replaced by the next one.
class ChartScreen {
 public:
  void show(const std::string& text) {
    std::string out;
    if (lines_ > 0) out += "\x1b[" + std::to_string(lines_) + "A\r\x1b[J";
    out += text;
    lines_ = std::count(text.begin(), text.end(), '\n');
    std::fwrite(out.data(), 1, out.size(), stdout);
    std::fflush(stdout);
  }

 private:
  std::ptrdiff_t lines_ = 0;
};

}  // namespace ringside::tool
