#include "daemon/http/accept.h"

#include <algorithm>
#include <utility>

#include "daemon/http/ascii.h"

namespace ringside::http {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes what stands before the first `mark` outside of quotes.
std::string_view take(std::string_view& rest, char mark) {
  bool quoted = false;
  std::size_t i = 0;
  for (; i < rest.size(); ++i) {
    if (quoted && rest[i] == '\\') {
      ++i;
    } else if (rest[i] == '"') {
      quoted = !quoted;
    } else if (rest[i] == mark && !quoted) {
      break;
    }
  }
  i = std::min(i, rest.size());
  const std::string_view part = rest.substr(0, i);
  rest.remove_prefix(std::min(rest.size(), i + 1));
  return trimmed(part);
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string out;
  text = text.substr(1, text.size() - 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

// "0.75" is 750. -1 for what is no weight.
int thousandths(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
  if (text.size() > 1 && text[1] != '.') return -1;
  int value = 1000 * (text[0] - '0');
  int place = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return -1;
    value += place * (c - '0');
    place /= 10;
  }
  return value <= 1000 ? value : -1;
}

std::optional<Preference> parse_preference(std::string_view text) {
  Preference found;
  found.name = ascii_lower(take(text, ';'));
  if (found.name.empty()) return std::nullopt;
  while (!text.empty()) {
    std::string_view parameter = take(text, ';');
    const std::string name = ascii_lower(take(parameter, '='));
    const std::string_view value = trimmed(parameter);
    if (name == "q") {
      found.quality = thousandths(value);
      if (found.quality < 0) return std::nullopt;
    } else if (!name.empty()) {
      found.parameters.emplace_back(name, unquoted(value));
    }
  }
  return found;
}

// How well a media range fits a type: 0 not at all, 1 */*, 2 text/*, 3 the type itself.
int fit(std::string_view range, std::string_view type) {
  if (range == type) return 3;
  if (range == "*/*") return 1;
  const std::size_t slash = type.find('/');
  return range.ends_with("/*") && slash != std::string_view::npos &&
                 range.substr(0, range.size() - 1) == type.substr(0, slash + 1)
             ? 2
             : 0;
}

int quality_of(const std::vector<Preference>& wanted, std::string_view type) {
  int closest = 0;
  int quality = 0;
  for (const Preference& one : wanted) {
    const int now = fit(one.name, type);
    if (now == 0 || now < closest) continue;
    // Of several ranges that fit alike (with parameters of their own) the most welcome counts.
    quality = now > closest ? one.quality : std::max(quality, one.quality);
    closest = now;
  }
  return quality;
}

std::string_view opaque(std::string_view tag) {
  return tag.starts_with("W/") ? tag.substr(2) : tag;
}

}  // namespace

std::vector<Preference> parse_preferences(std::string_view field) {
  std::vector<Preference> out;
  while (!field.empty() && out.size() < kMostPreferences) {
    if (auto one = parse_preference(take(field, ','))) out.push_back(std::move(*one));
  }
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  int gzip = -1;
  int plain = -1;
  int any = -1;
  for (const Preference& one : parse_preferences(accept_encoding)) {
    if (one.name == "gzip" || one.name == "x-gzip") gzip = std::max(gzip, one.quality);
    if (one.name == "identity") plain = one.quality;
    if (one.name == "*") any = one.quality;
  }
  if (gzip < 0) gzip = any;
  return gzip > 0 && gzip >= plain;
}

std::optional<std::size_t> best_type(std::string_view accept,
                                     std::span<const std::string_view> offered) {
  if (trimmed(accept).empty()) {
    return offered.empty() ? std::nullopt : std::optional<std::size_t>(0);
  }
  const auto wanted = parse_preferences(accept);
  std::optional<std::size_t> best;
  int most = 0;
  for (std::size_t i = 0; i < offered.size(); ++i) {
    const int quality = quality_of(wanted, offered[i]);
    if (quality <= most) continue;
    most = quality;
    best = i;
  }
  return best;
}

bool names_tag(std::string_view if_none_match, std::string_view etag) {
  if (trimmed(if_none_match) == "*") return true;
  while (!if_none_match.empty()) {
    if (opaque(take(if_none_match, ',')) == opaque(etag)) return true;
  }
  return false;
}

}  // namespace ringside::http
