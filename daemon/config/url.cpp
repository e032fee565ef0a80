#include "daemon/config/url.h"

#include <algorithm>
#include <charconv>

namespace ringside {
namespace {

constexpr std::size_t kMostBytes = 2048;

bool alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool name_byte(char c) { return alphanumeric(c) || c == '.' || c == '-' || c == '_'; }
bool ipv6_byte(char c) { return alphanumeric(c) || c == ':' || c == '.' || c == '%'; }

bool all_of(std::string_view text, bool (*good)(char)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), good);
}

// Takes "name", "name:1" or "[::1]:1" apart. False when it is none of them.
bool read_authority(std::string_view text, Url& url) {
  std::size_t end = 0;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    url.host = text.substr(1, close - 1);
    if (!all_of(url.host, ipv6_byte)) return false;
    end = close + 1;
  } else {
    end = std::min(text.find(':'), text.size());
    url.host = text.substr(0, end);
    if (!all_of(url.host, name_byte)) return false;
  }
  std::string_view port = text.substr(end);
  url.port = url.tls ? 443 : 80;
  if (port.empty()) return true;
  if (!port.starts_with(':')) return false;
  port.remove_prefix(1);
  const auto read = std::from_chars(port.data(), port.data() + port.size(), url.port);
  return read.ec == std::errc{} && read.ptr == port.data() + port.size() && url.port > 0;
}

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
  const bool bytes_good = std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '#' && c != '"' && c != '\\' && c != '<' && c != '>';
  });
  if (!bytes_good || text.size() > kMostBytes) return std::nullopt;
  Url url;
  url.tls = text.starts_with("https://");
  if (!url.tls && !text.starts_with("http://")) return std::nullopt;
  text.remove_prefix(url.tls ? 8 : 7);
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  if (!read_authority(text.substr(0, end), url)) return std::nullopt;
  url.target = text.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return url;
}

std::string host_field(const Url& url) {
  std::string field = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  if (url.port != (url.tls ? 443 : 80)) field += ":" + std::to_string(url.port);
  return field;
}

bool receiver_name_is_good(std::string_view name) {
  return name.size() <= 64 && all_of(name, name_byte);
}

}  // namespace ringside
