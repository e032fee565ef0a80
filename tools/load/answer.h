// Reading what the server sends, without building a document: the load shares its cores with the
// server, and of an answer of several kilobytes it needs a handful of fields.
//
// The scan is a real one: keys count at the top level only, strings are skipped with their escapes
// and nested values with their strings. What it does not do is look behind the point where it knows
// enough: after `ok:true` of an operation that lists things, and after the name of a push other
// than `invitation`.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringside::load {

struct Answer {
  enum class Kind : std::uint8_t { answer, push, malformed };
  Kind kind = Kind::malformed;
  bool ok = false;
  bool has_id = false;          // an integer `id`; null and strings have none
  std::int64_t id = 0;
  int code = 0;                 // error.code; 0 without an error
  std::int64_t room_id = 0;     // these are 0 where absent
  std::int64_t message_id = 0;
  std::int64_t invitation_id = 0;
  // Views into the line.
  std::string_view op;          // empty when null
  std::string_view event;
  std::string_view code_name;
  std::string_view token;
};

// `line` without its newline.
Answer scan_answer(std::string_view line);

}  // namespace ringside::load
