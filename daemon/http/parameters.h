// The parameters of a request's URL, read strictly: an unknown one, one that comes twice and one
// with a wrong value are refused, with what was found, what was expected, and what to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/message.h"

namespace ringside::http {

class Parameters {
 public:
  // `known`: the names that the route has.
  Parameters(const Request& request, std::initializer_list<std::string_view> known);

  // The first problem that was found; nothing: all is well so far.
  const std::optional<Response>& wrong() const { return wrong_; }

  // Each of these is nothing where the parameter is absent, or wrong.
  // 1 to `most_bytes` bytes.
  std::optional<std::string> text(std::string_view name, std::size_t most_bytes = 200);
  std::optional<std::uint64_t> number(std::string_view name, std::uint64_t least,
                                      std::uint64_t most);
  std::optional<bool> flag(std::string_view name);
  // Nanoseconds, between `least` and `most`, which are durations as people write them.
  std::optional<std::int64_t> duration(std::string_view name, std::string_view least,
                                       std::string_view most);
  // The index of the name that was given.
  std::optional<std::size_t> choice(std::string_view name, std::span<const char* const> names);
  // The indices of those in a list with commas, in the order of `names`; empty: absent or wrong.
  std::vector<std::size_t> choices(std::string_view name, std::span<const char* const> names);
  // A list with commas, of up to `most` texts.
  std::vector<std::string> list(std::string_view name, std::size_t most);

  // Notes a problem with status 400, unless there is one already.
  void refuse(std::string_view code, std::string_view title, std::string_view detail);
  void refuse_value(std::string_view name, std::string_view value, std::string_view expected);

 private:
  const Request& request_;
  std::optional<Response> wrong_;
};

// A foreign text as it stands in a message: visible, and cut where it is long.
std::string in_quotes(std::string_view text);

}  // namespace ringside::http
