// The target of a request: "/api/v1/report?format=text".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringside::http {

struct Target {
  std::string host;  // of an absolute target ("http://host:port/..."), else empty
  std::string path;  // decoded; begins with '/'; "*" for a request about the server itself
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in the order of the target
};

// The most parameters of a query.
inline constexpr std::size_t kMostParameters = 64;

// Nothing, and `why` for the client, for a target that could mean different things to different
// programs: a "." or ".." segment, an encoded slash, a backslash, a control character, a '%'
// without two digits, a fragment, text that is not UTF-8. Such a target is refused, never repaired.
// In a query '+' is a space.
//
// `before_name`: what follows it in the path is one name (Handlers). There an encoded slash or
// backslash is a part of the name.
std::optional<Target> decode_target(std::string_view raw, std::string* why,
                                    std::string_view before_name = {});

}  // namespace ringside::http
