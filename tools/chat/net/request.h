// The input: from a line of JSON to a validated Request. No code behind this file reads JSON input,
// so every limit that the README sets for a field is enforced here and nowhere else. The length of
// a line is checked before, in session.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "tools/chat/errors.h"
#include "tools/chat/ops.h"

namespace chatd {

using Json = nlohmann::json;

inline constexpr std::size_t kMaxLineBytes = 65536;
inline constexpr std::size_t kMaxTextBytes = 4096;

enum class Field : std::uint8_t {
  room, message, invitation, after, before, limit,
  user, password, token, name, topic, text, query, add, remove, is_private, mine,
};

struct Request {
  Op op{};
  Json id;  // as the client sent it; null if it sent none, or one that we refuse

  std::int64_t room = 0, message = 0, invitation = 0, after = 0, before = 0, limit = 50;
  std::string user, password, token, name, topic, text, query, add, remove;
  bool is_private = false, mine = false;

  bool has(Field field) const { return (present_ >> static_cast<unsigned>(field)) & 1U; }
  void mark(Field field) { present_ |= std::uint32_t{1} << static_cast<unsigned>(field); }

 private:
  std::uint32_t present_ = 0;
};

// Whether the request changes the database. Two operations read or write, depending on their
// fields.
bool writes(const Request& request);

// A line that is parsed, with its fields not yet checked.
struct Line {
  Json object;
  std::optional<Op> op;       // set: the line is an operation
  Error error = Error::none;  // BAD_JSON or UNKNOWN_OP otherwise
  std::string message;
};

Line read_line(std::string_view line);

// Fills a request from an operation's line. Throws Refusal (1xxx) at the first field that breaks
// its rule. `request.op` is set by then, and so is `request.id` unless the id is that field.
void validate(const Json& object, Op op, Request& request);

// The words of a search for FTS5. Each word is quoted, so that FTS5 takes none of them for its
// query language. Throws BAD_QUERY.
std::string fts_query(std::string_view query);

// True if a string field holds what injections hold. Fields that may hold anything (text, password,
// id) are not looked at. A match in a refused request is a THREAT_PATTERN event and a strike. It is
// never itself a reason to refuse: statements are prepared, so there is nothing to inject into.
bool looks_like_injection(const Json& object);

}  // namespace chatd
