// A picture as text or JSON, for `ringside top --once`.
#pragma once

#include <string>

#include "tools/ringside/top/view.h"

namespace ringside::tool::top {

std::string once_as_text(Picture picture, ViewState state, std::size_t columns);
// One object and a line feed. Spans are in nanoseconds.
std::string once_as_json(const Picture& picture);

}  // namespace ringside::tool::top
