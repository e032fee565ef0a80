// Looks at the bytes of a request's head before Beast parses them, and refuses what different
// programs read differently: request smuggling lives on that (RFC 9112, 2.2, 5 and 11.2).
#pragma once

#include <cstddef>
#include <string_view>

namespace ringside::http {

struct HeadLimits {
  std::size_t target_bytes = 4096;  // also bounds the request line
  std::size_t bytes = 16 * 1024;    // of the whole head
  std::size_t fields = 64;
};

// A line ends with CR LF, and neither of the two stands alone. A field begins with its name at the
// line's begin (no folded lines), followed by the colon at once. No control character but a tab
// within a value; the request line is printable ASCII with two single spaces.
class HeadScanner {
 public:
  enum class Verdict { more, complete, bad, target_too_long, too_large };

  explicit HeadScanner(const HeadLimits& limits) : limits_(limits) {}

  // `bytes`: all that came of this head so far, and perhaps what follows it. Each byte is looked at
  // once, however slowly they come.
  Verdict scan(std::string_view bytes);

  std::size_t size() const { return line_begin_; }  // of the complete head
  const char* why() const { return why_; }          // what was found, after `bad`

 private:
  Verdict bad(const char* why);
  Verdict end_line(std::string_view line);
  Verdict end_field(std::string_view line);

  HeadLimits limits_;
  std::size_t line_begin_ = 0;
  std::size_t next_ = 0;  // the first byte that was not looked at
  std::size_t lines_ = 0;
  bool complete_ = false;
  const char* why_ = "";
};

}  // namespace ringside::http
