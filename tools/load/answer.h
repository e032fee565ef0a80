// Reads what the server sends, without building a JSON document. The load shares its cores with the
// server, and it needs a handful of fields of an answer of several kilobytes.
//
// The scan is a real one. Keys count at the top level only. Strings are skipped with their escapes,
// and nested values with their strings. The scan stops as soon as it knows enough: after `ok:true`
// of an operation that lists things, and after the name of a push other than `invitation`.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringside::load {

struct Answer {
  enum class Kind : std::uint8_t { answer, push, malformed };
  Kind kind = Kind::malformed;
  bool ok = false;
  bool has_id = false;          // `id` is an integer; false for null and strings
  std::int64_t id = 0;
  int code = 0;                 // error.code; 0 without an error
  std::int64_t room_id = 0;     // the ids are 0 where absent
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
