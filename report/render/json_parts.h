// What the files behind render_json share; internal, so that JSON stays out of every other header.
#pragma once

#include <nlohmann/json.hpp>

#include "report/analysis/analysis.h"

namespace ringside::detail {

using Json = nlohmann::ordered_json;

Json json_at(std::int64_t wall_ns);
Json json_party(const Party& party);
Json json_windows(const std::array<std::uint64_t, kWindows>& counts);
Json json_analysis(const Analysis& analysis);

}  // namespace ringside::detail
