#include "daemon/http/target.h"

#include <algorithm>
#include <cstdint>

namespace ringside::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The length of the UTF-8 character at the begin, 0 where there is none (Unicode 15, table 3-7).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  const unsigned least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < least || byte(1) > most) return 0;
  if (first >= 0xe0 && first <= 0xef) return follows(2) ? 3 : 0;
  if (first >= 0xf0 && first <= 0xf4) return follows(2) && follows(3) ? 4 : 0;
  return 0;
}

const char* wrong_text(std::string_view text) {
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    if (c < 0x20 || c == 0x7f) return "a control character";
    const std::size_t length = utf8_length(text);
    if (length == 0) return "text that is not UTF-8";
    text.remove_prefix(length);
  }
  return nullptr;
}

enum class Part : std::uint8_t { path, name, query };

// Null, or what is wrong.
const char* decode(std::string_view raw, Part part, std::string& out) {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (part != Part::query && c == '\\') return "a backslash";
    if (c == '%') {
      const int high = i + 1 < raw.size() ? hex_digit(raw[i + 1]) : -1;
      const int low = i + 2 < raw.size() ? hex_digit(raw[i + 2]) : -1;
      if (high < 0 || low < 0) return "a % without two hexadecimal digits";
      c = static_cast<char>(16 * high + low);
      i += 2;
      if (part == Part::path && c == '/') return "an encoded slash";
      if (part == Part::path && c == '\\') return "a backslash";
    } else if (part == Part::query && c == '+') {
      c = ' ';
    }
    out += c;
  }
  return wrong_text(out);
}

const char* check_segments(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return "a \".\" or \"..\" segment";
    path.remove_prefix(segment.size());
  }
  return nullptr;
}

const char* decode_query(std::string_view raw, Target& target) {
  while (!raw.empty()) {
    const std::string_view pair = raw.substr(0, raw.find('&'));
    raw.remove_prefix(std::min(raw.size(), pair.size() + 1));
    if (pair.empty()) continue;
    if (target.query.size() == kMostParameters) return "more than 64 parameters";
    const std::size_t sign = pair.find('=');
    auto& [name, value] = target.query.emplace_back();
    if (const char* wrong = decode(pair.substr(0, sign), Part::query, name)) return wrong;
    if (sign == std::string_view::npos) continue;
    if (const char* wrong = decode(pair.substr(sign + 1), Part::query, value)) return wrong;
  }
  return nullptr;
}

const char* decode_path(std::string_view raw, std::string_view before_name, std::string& out) {
  // What stands before the name is compared as it was sent, so it has nothing encoded.
  if (before_name.empty() || !raw.starts_with(before_name)) return decode(raw, Part::path, out);
  out = before_name;
  return decode(raw.substr(before_name.size()), Part::name, out);
}

const char* decode_into(std::string_view raw, std::string_view before_name, Target& target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!raw.starts_with(scheme)) continue;
    raw.remove_prefix(scheme.size());
    const std::size_t end = raw.find_first_of("/?#");
    target.host = std::string(raw.substr(0, end));
    raw.remove_prefix(std::min(raw.size(), target.host.size()));
    if (target.host.empty()) return "an absolute target without a host";
    if (raw.empty()) raw = "/";
    break;
  }
  if (raw == "*") {
    target.path = "*";
    return nullptr;
  }
  if (!raw.starts_with('/')) return "a target that does not begin with /";
  if (raw.find('#') != std::string_view::npos) return "a fragment";
  const std::size_t mark = raw.find('?');
  if (const char* wrong = decode_path(raw.substr(0, mark), before_name, target.path)) return wrong;
  if (const char* wrong = check_segments(target.path)) return wrong;
  return mark == std::string_view::npos ? nullptr : decode_query(raw.substr(mark + 1), target);
}

}  // namespace

std::optional<Target> decode_target(std::string_view raw, std::string* why,
                                    std::string_view before_name) {
  Target target;
  if (const char* wrong = decode_into(raw, before_name, target)) {
    *why = wrong;
    return std::nullopt;
  }
  return target;
}

}  // namespace ringside::http
