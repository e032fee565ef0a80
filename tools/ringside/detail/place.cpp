#include "tools/ringside/detail/place.h"

#include <algorithm>
#include <charconv>

#include "report/model/format.h"

namespace ringside::tool {

std::optional<RecordPlace> parse_place(const std::string& text) {
  RecordPlace place;
  const char* const end = text.data() + text.size();
  const auto lane = std::from_chars(text.data(), end, place.lane);
  if (lane.ec != std::errc() || lane.ptr == end || *lane.ptr != ':') return std::nullopt;
  const auto position = std::from_chars(lane.ptr + 1, end, place.position);
  if (position.ec != std::errc() || position.ptr != end) return std::nullopt;
  return place;
}

const Seen* find_record(const Source& source, const std::vector<Seen>& all, RecordPlace place,
                        std::string* why) {
  const auto at = std::find_if(all.begin(), all.end(), [&](const Seen& seen) {
    return seen.lane == place.lane && seen.position == place.position;
  });
  if (at != all.end()) return &*at;
  const std::uint32_t lanes = source.file->segment().overflow_lane();
  if (place.lane > lanes) {
    *why = "no lane " + std::to_string(place.lane) + " in this ring, expected 0 to " +
           std::to_string(lanes) +
           " (the overflow lane)\n  next: copy the place from a line of `ringside tail`";
    return nullptr;
  }
  std::optional<std::uint64_t> first;
  std::uint64_t last = 0;
  for (const Seen& seen : all) {
    if (seen.lane != place.lane) continue;
    first = std::min(first.value_or(seen.position), seen.position);
    last = std::max(last, seen.position);
  }
  *why = "no record " + place.text() + ": ";
  if (!first) {
    *why += "lane " + std::to_string(place.lane) + " has none";
  } else {
    *why += "lane " + std::to_string(place.lane) + " has " + format_count(*first) + " to " +
            format_count(last) + (place.position < *first ? "; it was overwritten" : "");
  }
  *why += "\n  next: choose one of `ringside tail`, or keep them with `ringside record`";
  return nullptr;
}

}  // namespace ringside::tool
