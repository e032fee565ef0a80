#include "daemon/http/head_scanner.h"

#include <algorithm>
#include <cstring>

namespace ringside::http {
namespace {

// The bytes of a request line beside its target: "OPTIONS ", " HTTP/1.1", and some for methods that
// nobody knows.
constexpr std::size_t kAroundTarget = 64;

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

bool request_line_is_good(std::string_view line) {
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos || !is_token(line.substr(0, first))) return false;
  const std::size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos || second == first + 1) return false;
  for (const char c : line.substr(first + 1, second - first - 1)) {
    if (c <= ' ' || c == 0x7f) return false;  // beyond ASCII a char is negative
  }
  const std::string_view version = line.substr(second + 1);
  return version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.' &&
         version[5] >= '0' && version[5] <= '9' && version[7] >= '0' && version[7] <= '9';
}

}  // namespace

HeadScanner::Verdict HeadScanner::bad(const char* why) {
  why_ = why;
  return Verdict::bad;
}

HeadScanner::Verdict HeadScanner::end_field(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') return bad("a folded header line");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return bad("a header line without a colon");
  if (!is_token(line.substr(0, colon))) return bad("a header name that is no token");
  return lines_ - 1 > limits_.fields ? Verdict::too_large : Verdict::more;
}

HeadScanner::Verdict HeadScanner::end_line(std::string_view line) {
  if (++lines_ > 1) {
    complete_ = line.empty();
    return complete_ ? Verdict::complete : end_field(line);
  }
  if (!request_line_is_good(line))
    return bad("a request line that is not \"METHOD target HTTP/1.1\"");
  const std::size_t target = line.find(' ') + 1;
  return line.size() - 9 - target > limits_.target_bytes ? Verdict::target_too_long : Verdict::more;
}

HeadScanner::Verdict HeadScanner::scan(std::string_view bytes) {
  for (; next_ < bytes.size() && !complete_; ++next_) {
    if (next_ >= limits_.bytes) return Verdict::too_large;
    if (lines_ == 0 && next_ >= limits_.target_bytes + kAroundTarget)
      return Verdict::target_too_long;
    const char c = bytes[next_];
    const bool after_cr = next_ > line_begin_ && bytes[next_ - 1] == '\r';
    if (c == '\n') {
      if (!after_cr) return bad("a line that ends with LF alone");
      const std::size_t begin = line_begin_;
      line_begin_ = next_ + 1;
      const Verdict verdict = end_line(bytes.substr(begin, next_ - 1 - begin));
      if (verdict != Verdict::more && verdict != Verdict::complete) return verdict;
    } else if (after_cr) {
      return bad("a CR without LF");
    } else if (c != '\r' && control(c)) {
      return bad("a control character");
    }
  }
  return complete_ ? Verdict::complete : Verdict::more;
}

}  // namespace ringside::http
