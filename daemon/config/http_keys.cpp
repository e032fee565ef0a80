// The keys of [http].
#include "daemon/config/http_keys.h"

#include "daemon/config/http_config.h"

namespace ringside {

#define AT_HTTP(member) [](Config& c) -> decltype((c.http.member)) { return c.http.member; }

std::vector<ConfigKey<Config>> http_keys() {
  using C = Config;
  const auto listen_is_good = [](std::string_view text) {
    return parse_listen_address(text).has_value();
  };
  const auto user_is_good = [](std::string_view text) { return user_id(text).has_value(); };
  const std::string_view users = "a user's name, or the number of a user";
  return {
      {"http.enabled", SwitchField<C>{AT_HTTP(enabled)},
       "Serve the API, the dashboard and /metrics, on the addresses and on the Unix socket below."},
      {"http.listen",
       TextsField<C>{AT_HTTP(listen), 16, listen_is_good, "an address and a port",
                     "\"127.0.0.1:9717\" or \"[::1]:9717\""},
       "Addresses to listen on; none: the Unix socket alone. With a certificate all of them speak "
       "TLS, without one none does."},
      {"http.plaintext_elsewhere", SwitchField<C>{AT_HTTP(plaintext_elsewhere)},
       "true: without TLS, listen on addresses that other hosts reach, too. Tokens then go over "
       "the network in plain text."},
      {"http.certificate", PathField<C>{AT_HTTP(certificate)},
       "The certificate and its chain (PEM), read at the start and at SIGHUP. Empty: no TLS."},
      {"http.key", PathField<C>{AT_HTTP(key)},
       "The certificate's key (PEM, without a passphrase), likewise."},
      {"http.tokens_file", PathField<C>{AT_HTTP(tokens_file)},
       "Who may ask: a line NAME SCOPE SHA256 [EXPIRES] for each token, as ringsided --new-token "
       "makes them; read at the start and at SIGHUP. Empty: systemd's credential `tokens`, or else "
       "tokens in the state directory."},
      {"http.metrics", ChoiceField<C>{AT_HTTP(metrics), {"open", "token", "off"}},
       "Who may scrape /metrics: everybody who reaches the address, who has a token, or nobody."},
      {"http.allowed_hosts",
       TextsField<C>{AT_HTTP(allowed_hosts), 64, host_name_is_good, "a host's name without a port",
                     "\"monitor.example\""},
       "Names in requests without TLS that are ours, beside localhost, loopback addresses and the "
       "address that the client connected to. Others are refused: a page of another site may have "
       "made its name mean this host."},
      {"http.cors_origins",
       TextsField<C>{AT_HTTP(cors_origins), 64, origin_is_good,
                     "a scheme and a host in lower case, and perhaps a port",
                     "\"https://monitor.example\""},
       "Sites whose pages may read the API in a browser, with a token."},
      {"http.socket", PathField<C>{AT_HTTP(socket)},
       "The Unix socket, of mode 0660. Root and the daemon's user may do everything there without "
       "a "
       "token. Empty: ringsided.sock in systemd's runtime directory, or else in the state "
       "directory."},
      {"http.socket_readers",
       TextsField<C>{AT_HTTP(socket_readers), 64, user_is_good, users, "\"grafana\""},
       "Users who may read there without a token, if the file's group or mode lets them in."},
      {"http.socket_admins",
       TextsField<C>{AT_HTTP(socket_admins), 64, user_is_good, users, "\"grafana\""},
       "Users who may do everything there, likewise."},
      {"http.connections", IntegerField<C>{AT_HTTP(connections), 1, 10'000},
       "Connections at one time. Beyond them the one that waited longest for its client makes "
       "room; "
       "where all are being answered the new one gets 503. Up to 8 of them are kept for those who "
       "may do everything on the Unix socket."},
      {"http.connections_per_address", IntegerField<C>{AT_HTTP(connections_per_address), 1, 10'000},
       "The same for one address: an IPv4 address, the /64 of an IPv6 address, or a user of the "
       "Unix socket."},
      {"http.streams", IntegerField<C>{AT_HTTP(streams), 0, 10'000},
       "Live streams of events at one time, such as each open dashboard has. They are connections, "
       "too."},
      {"http.streams_per_address", IntegerField<C>{AT_HTTP(streams_per_address), 0, 10'000},
       "The same for one address."},
      {"http.wrong_tokens_per_minute",
       IntegerField<C>{AT_HTTP(wrong_tokens_per_minute), 1, 1'000'000},
       "Wrong tokens of one address, before the next ones get 429 instead of 401. A right token is "
       "accepted all the same."},
      {"http.request_timeout", DurationField<C>{AT_HTTP(request_timeout_ns), kSecond, kHour},
       "How long a request may take from its first byte to the last byte of its answer. Its head "
       "must come in 10 s, and its body in 20 s."},
      {"http.idle_timeout", DurationField<C>{AT_HTTP(idle_timeout_ns), kSecond, kHour},
       "How long a connection is kept between two requests."},
  };
}

#undef AT_HTTP

}  // namespace ringside
