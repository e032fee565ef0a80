#include "daemon/run/otlp.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/field.hpp>
#include <chrono>
#include <string_view>

#include "daemon/config/url.h"
#include "daemon/run/receiver_address.h"
#include "daemon/storage/files.h"
#include "shm/assert.h"

namespace ringside {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kMostFields = 32;
constexpr std::size_t kMostFieldBytes = 8192;
constexpr std::chrono::seconds kConnectTimeout{3};

// What the request says by itself.
constexpr http::field kOurs[] = {http::field::host,         http::field::content_length,
                                 http::field::content_type, http::field::content_encoding,
                                 http::field::connection,   http::field::transfer_encoding,
                                 http::field::accept,       http::field::expect,
                                 http::field::te,           http::field::upgrade};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

// RFC 9110, 5.6.2: what a field's name is made of.
bool name_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool value_byte(char c) { return c >= ' ' && c < 0x7f; }

class FieldsReader {
 public:
  FieldsReader(const std::string& path, ReceiverAddress& address, OtlpTarget& out)
      : path_(path), address_(address), out_(out) {}

  void read() {
    Failure failure;
    const auto text = read_whole_file(path_, &failure);
    if (!text) {
      out_.errors.push_back("otlp: " + failure.message);
      return;
    }
    std::string_view rest = *text;
    for (std::size_t number = 1; !rest.empty(); ++number) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = trimmed(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (line.empty() || line.front() == '#') continue;
      if (!read_line(line, number)) return;
    }
    if (address_.fields.empty())
      out_.errors.push_back(fmt::format(
          "otlp: {}: found no field, expected lines such as \"Authorization: Bearer ...\"\n"
          "  next: write the fields there, or remove otlp.headers_file",
          path_));
  }

 private:
  bool read_line(std::string_view line, std::size_t number) {
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    const std::string_view value =
        colon == std::string_view::npos ? std::string_view() : trimmed(line.substr(colon + 1));
    const bool good = !name.empty() && std::all_of(name.begin(), name.end(), name_byte) &&
                      !value.empty() && std::all_of(value.begin(), value.end(), value_byte) &&
                      line.size() <= kMostFieldBytes;
    if (!good)
      return wrong(number, "no field", "\"Name: value\" of printable ASCII characters",
                   "mend that line");
    const http::field known = http::string_to_field({name.data(), name.size()});
    if (std::find(std::begin(kOurs), std::end(kOurs), known) != std::end(kOurs))
      return wrong(number, "a field that the request has by itself", "another one",
                   "remove that line");
    if (address_.fields.size() == kMostFields)
      return wrong(number, "one field too many", fmt::format("at most {}", kMostFields),
                   "remove some");
    address_.fields.emplace_back(name, value);
    return true;
  }

  bool wrong(std::size_t number, std::string_view found, std::string_view expected,
             std::string_view next) {
    out_.errors.push_back(fmt::format("otlp: {}:{}: found {}, expected {}\n  next: {}", path_,
                                      number, found, expected, next));
    return false;
  }

  const std::string& path_;
  ReceiverAddress& address_;
  OtlpTarget& out_;
};

}  // namespace

OtlpTarget otlp_of(const Config& config, const std::string& version) {
  OtlpTarget out;
  if (config.otlp.url.empty()) return out;
  const auto url = parse_url(config.otlp.url);
  RINGSIDE_ASSERT(url);
  OtlpOptions& options = out.options.emplace();
  ReceiverAddress& address = options.address;
  address = receiver_address(*url, version);
  if (address.target == "/") address.target = "/v1/metrics";
  address.content_type = "application/x-protobuf";
  address.wants_body = true;
  address.timeout = std::chrono::nanoseconds(config.otlp.timeout_ns);
  address.connect_timeout = std::min<std::chrono::nanoseconds>(kConnectTimeout, address.timeout);
  options.resource.host_name = host_name();
  options.resource.instance_id = options.resource.host_name + ":" + config.state_directory;
  options.interval_ns = config.otlp.interval_ns;
  std::string why;
  if (!config.otlp.ca_file.empty() && !read_authorities(config.otlp.ca_file, address, &why))
    out.errors.push_back("otlp: " + why);
  if (!config.otlp.headers_file.empty())
    FieldsReader(config.otlp.headers_file, address, out).read();
  if (!address.fields.empty() && !address.tls && !is_loopback(address.host))
    out.warnings.push_back(
        "otlp: the fields of otlp.headers_file are sent without encryption, for anybody on the way "
        "to read\n  next: use https");
  return out;
}

}  // namespace ringside
