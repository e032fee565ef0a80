#include "tools/ringside/export/tracks.h"

#include <algorithm>

namespace ringside::tool {

void LaneTracks::pass(std::uint32_t track, std::int64_t ns, std::vector<TrackMark>& out) {
  Track& open = tracks_[track];
  while (!open.empty()) {
    Open& top = open.back();
    const Span& span = top.span;
    for (; top.next < 2U * span.stages; ++top.next) {
      const unsigned i = top.next / 2;
      const bool ends = top.next % 2 != 0;
      const std::int64_t at = ends     ? span.stage_end_ns[i]
                              : i == 0 ? span.begin_ns
                                       : span.stage_end_ns[i - 1];
      if (at > ns) return;
      out.push_back({ends ? Mark::end : Mark::stage_begin, span.stage[i], track, at, span.item,
                     span.stage_end_ns[i]});
    }
    if (span.end_ns == kUnfinished || span.end_ns > ns) return;
    out.push_back({Mark::end, 0, track, span.end_ns, span.item});
    open.pop_back();
  }
}

bool LaneTracks::fits(const Track& track, const Span& span) const {
  if (track.empty()) return true;
  const Span& parent = track.back().span;
  if (span.end_ns > parent.end_ns) return false;
  const auto begin = parent.stage_end_ns.begin();
  return std::none_of(begin, begin + parent.stages, [&](std::int64_t end_ns) {
    return span.begin_ns < end_ns && end_ns < span.end_ns;
  });
}

void LaneTracks::add(const Span& span, std::vector<TrackMark>& out) {
  if (span.instant) {
    pass(0, span.begin_ns, out);
    out.push_back({Mark::instant, 0, 0, span.begin_ns, span.item});
    return;
  }
  for (std::uint32_t i = 0; i < kMostTracks; ++i) {
    if (i == tracks_.size()) tracks_.emplace_back();
    pass(i, span.begin_ns, out);
    if (!fits(tracks_[i], span)) continue;
    out.push_back({Mark::begin, 0, i, span.begin_ns, span.item});
    tracks_[i].push_back({span, 0});
    return;
  }
  out.push_back({Mark::instant, 0, 0, span.begin_ns, span.item});
}

void LaneTracks::finish(std::vector<TrackMark>& out) {
  for (std::uint32_t i = 0; i < tracks_.size(); ++i) {
    Track& open = tracks_[i];
    while (!open.empty()) {
      // Only an unfinished span is left of these passes. What it lies in has no end either.
      pass(i, kUnfinished - 1, out);
      if (!open.empty()) open.pop_back();
    }
  }
}

}  // namespace ringside::tool
