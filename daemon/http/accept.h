// What a client accepts: media types, gzip, and the copies that it has (RFC 9110, 12.5 and 13.1.2).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringside::http {

// One entry of Accept or Accept-Encoding, in lower case.
struct Preference {
  std::string name;                                             // "text/html", "gzip"
  std::vector<std::pair<std::string, std::string>> parameters;  // without q
  int quality = 1000;                                           // q in thousandths: 0 to 1000
};

// The most entries that are looked at. The others count as absent.
inline constexpr std::size_t kMostPreferences = 64;

// The entries in their order. One that is no entry is passed over.
std::vector<Preference> parse_preferences(std::string_view field);

// Whether the client takes gzip, and does not prefer the plain text. A client that says nothing
// does not take it.
bool accepts_gzip(std::string_view accept_encoding);

// The index of the offered media type ("text/html") that the client likes best; of several, the
// first offered. Nothing where it takes none. An empty field takes all. A range with parameters of
// its own ("text/plain;version=0.0.4") counts as its type; who needs them uses parse_preferences().
std::optional<std::size_t> best_type(std::string_view accept,
                                     std::span<const std::string_view> offered);

// Whether If-None-Match names this entity tag, by the weak comparison, or is `*`.
bool names_tag(std::string_view if_none_match, std::string_view etag);

}  // namespace ringside::http
