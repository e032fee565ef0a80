// Reads an expression: `latency > 50ms and (op ~ "MESSAGE_*" or error != 0)`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tools/ringside/filter/condition.h"

namespace ringside::tool {

// True, or false with `error` set. Brackets nest 100 deep at most.
bool read_expression(const std::string& text, Wanted& out, FilterError& error);

// One condition, as in an expression, without brackets and words between: what `--stage` takes.
// `field` goes before the text where it is given: "stage." for `database>20ms`.
bool read_condition(const std::string& flag, const std::string& text, std::string_view field,
                    Condition& out, FilterError& error);

}  // namespace ringside::tool
