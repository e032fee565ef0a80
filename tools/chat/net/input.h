// What a connection has received and not yet handled: bytes in, lines out. A line arrives with its
// last byte, and keeps that moment however long it waits here behind other lines.
//
//   bytes_   {"op":"A"}\n{"op":"B"}\n{"op":       arrivals_   {11, 40} {22, 75}
//            ^begin_                              the first line came at 40, the second one at 75;
//                                                 the third one has no newline yet, so no arrival
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "tools/chat/net/request.h"
#include "tools/chat/trace.h"

namespace chatd {

class Input {
 public:
  // Bytes that were received together.
  void append(std::string_view bytes, trace::Stamp arrived);

  enum class Next { none, line, too_long };
  struct Line {
    std::string_view text;  // without the newline; valid until the next append() or clear()
    trace::Stamp arrived = 0;
  };
  // Takes the next line. `none` while no line is whole, `too_long` when the line that comes next
  // has more than kMaxLineBytes: it is not taken.
  Next take(Line& line);

  // Enough waits here to leave the rest in the kernel.
  bool full() const;
  void clear();

 private:
  // Where a line's newline came: all lines that end in the same read share an entry.
  struct Arrival {
    std::size_t end;  // in bytes_, behind the last newline of the read
    trace::Stamp at;
  };

  std::string bytes_;
  std::size_t begin_ = 0;    // of the next line
  std::size_t scanned_ = 0;  // no newline from begin_ to here
  std::deque<Arrival> arrivals_;
};

}  // namespace chatd
