#include "daemon/run/receivers.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "daemon/config/url.h"
#include "daemon/run/receiver_address.h"
#include "daemon/storage/files.h"
#include "shm/assert.h"

namespace ringside {
namespace {

constexpr std::size_t kMostTokenBytes = 8192;

// The characters that a bearer token may have in a header.
bool token_byte(char c) { return c > ' ' && c < 0x7f; }

AlertLevel level_of(const std::string& name) {
  const auto found = std::find(kAlertLevelNames.begin(), kAlertLevelNames.end(), name);
  RINGSIDE_ASSERT(found != kAlertLevelNames.end());
  return static_cast<AlertLevel>(found - kAlertLevelNames.begin());
}

class OptionsReader {
 public:
  OptionsReader(const ReceiverConfig& config, Receivers& out) : config_(config), out_(out) {}

  ReceiverOptions read(const std::string& version) {
    const auto url = parse_url(config_.url);
    RINGSIDE_ASSERT(url);
    ReceiverOptions options;
    options.name = config_.name;
    options.kind = config_.kind == "alertmanager" ? ReceiverKind::alertmanager
                                                  : ReceiverKind::webhook;
    options.instance = host_name();
    options.min_level = level_of(config_.min_level);
    options.most_kept = config_.queue;
    options.transitions = config_.transitions;
    options.resend_ns = config_.resend_ns;
    options.watchdog = config_.watchdog;
    ReceiverAddress& address = options.address;
    address = receiver_address(*url, version);
    address.target = target_of(*url, options.kind);
    address.connect_timeout = std::chrono::nanoseconds(config_.connect_timeout_ns);
    address.timeout = std::chrono::nanoseconds(config_.timeout_ns);
    if (!config_.token_file.empty()) read_token(address);
    std::string why;
    if (!config_.ca_file.empty() && !read_authorities(config_.ca_file, address, &why)) wrong(why);
    return options;
  }

 private:
  static std::string target_of(const Url& url, ReceiverKind kind) {
    if (kind == ReceiverKind::webhook) return url.target;
    const std::size_t query = std::min(url.target.find('?'), url.target.size());
    std::string path = url.target.substr(0, query);
    while (path.ends_with('/')) path.pop_back();
    constexpr std::string_view kApi = "/api/v2/alerts";
    if (!path.ends_with(kApi)) path += kApi;
    return path + url.target.substr(query);
  }

  void wrong(const std::string& text) {
    out_.errors.push_back(fmt::format("receiver {}: {}", config_.name, text));
  }

  std::optional<std::string> read_file(const std::string& path) {
    Failure failure;
    auto text = read_whole_file(path, &failure);
    if (!text) wrong(failure.message);
    return text;
  }

  void read_token(ReceiverAddress& address) {
    const auto text = read_file(config_.token_file);
    if (!text) return;
    std::string token = text->substr(0, text->find('\n'));
    while (token.ends_with(' ') || token.ends_with('\r')) token.pop_back();
    if (token.empty() || token.size() > kMostTokenBytes ||
        !std::all_of(token.begin(), token.end(), token_byte)) {
      wrong(fmt::format("{}: found no token on its first line, expected 1 to {} printable ASCII "
                        "characters without spaces\n  next: write the token there alone",
                        config_.token_file, kMostTokenBytes));
      return;
    }
    address.token = std::move(token);
    if (!address.tls && !is_loopback(address.host)) {
      out_.warnings.push_back(fmt::format(
          "receiver {}: its token is sent without encryption, for anybody on the way to read\n"
          "  next: use https",
          config_.name));
    }
  }

  const ReceiverConfig& config_;
  Receivers& out_;
};

}  // namespace

Receivers receivers_of(const Config& config, const std::string& version) {
  Receivers out;
  for (const ReceiverConfig& one : config.receivers)
    out.options.push_back(OptionsReader(one, out).read(version));
  return out;
}

}  // namespace ringside
