// Where an export goes, piece by piece.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace ringside::tool {

// Gets the next bytes. False: no more are wanted.
using Sink = std::function<bool(std::string_view)>;
// How much is collected first.
inline constexpr std::size_t kSinkBytes = std::size_t{1} << 20;

}  // namespace ringside::tool
