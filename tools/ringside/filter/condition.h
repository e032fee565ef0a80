// Which records are wanted, as a tree of conditions. Flags and expressions both become this tree.
//
//   wanted     := term { "or" term }
//   term       := factor { "and" factor }
//   factor     := "not" factor | "(" wanted ")" | condition
//   condition  := "failed" | field relation value
//   field      := "op" | "category" | "kind" | "outcome" | "error" | "latency" | "age" | "actor"
//              | "subject" | "value" | "during" | "lane" | "thread" | "position" | "stage." NAME
//   relation   := "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~"      (~ takes a shell pattern)
//   value      := a quoted text, or one without blanks: 50ms, alice, user:42, 127.0.0.2, ok
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ringside::tool {

enum class Field : std::uint8_t {
  failed,    // the outcome is `error` or `timeout`; has no relation and no value
  op,        // the name of the operation or event
  category,  // of the operation
  kind,      // operation, event
  outcome,   // a word of words.h
  error,     // the code, or its name
  latency,   // the duration
  age,       // since its end, seen from now, or from the end of a source that has one
  actor,     // a label, an id, or kind:id
  subject,   // likewise
  value,     // of an event
  during,    // the operation during which an event happened
  lane,      // number
  thread,    // the name or tid of the lane's owner
  position,  // in its lane
  stage      // the duration of one stage, by its name
};

enum class Relation : std::uint8_t { eq, ne, lt, le, gt, ge, like, unlike };

// Where in which text a condition was written, so that an error can point at it.
struct Place {
  std::string text;    // the whole expression, or a flag with its value
  std::size_t at = 0;  // of the part that is meant, in bytes
  std::size_t length = 0;
};

struct Condition {
  Field field = Field::failed;
  std::string stage;  // its name; of the field `stage` alone
  Relation relation = Relation::eq;
  std::string value;
  Place of_field;
  Place of_value;
};

// A tree. An `all` without parts is always true, an `any` without parts never.
struct Wanted {
  enum class Kind : std::uint8_t { all, any, none_of, condition };
  Kind kind = Kind::all;
  std::vector<Wanted> parts;
  Condition condition;
};

struct FilterError {
  Place place;
  std::string what;  // "found …, expected …"
  std::string next;  // what to do
  // It can be read, but names what the ring does not have, or does not have yet.
  bool missing = false;

  // As a command prints it after its name:
  //   found `>`, expected a value, e.g. latency > 50ms
  //     latency >> 50ms
  //              ^
  //     next: …
  std::string text() const;
};

}  // namespace ringside::tool
