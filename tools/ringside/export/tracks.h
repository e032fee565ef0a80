// Lays the spans of one thread out on tracks, so that the slices of each track nest.
//
//   time        0    2    4    6    8   10
//   track 0     [SEND.................]           its stages fill it from its begin on
//                [queue][database....]
//                        [DB_TRANSACTION]  ->     reaches over the end of a stage: another track
//   track 1              [DB_TRANSACTION]
//
// A span goes to the first track on which it begins after all that is there has ended, or lies
// whole inside of the innermost open span and of one of its stages.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "shm/record.h"

namespace ringside::tool {

inline constexpr std::int64_t kUnfinished = INT64_MAX;  // the end of a span that has none
// Beyond so many tracks a span becomes an instant: a ring that is garbage overlaps everything.
inline constexpr unsigned kMostTracks = 64;

struct Span {
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;  // not before the begin; kUnfinished
  std::uint32_t item = 0;   // what it stands for; handed through
  bool instant = false;     // has a begin alone
  // The stages follow each other from the begin. Each ends inside of the span.
  std::uint8_t stages = 0;
  std::array<std::uint8_t, kStageCount> stage{};
  std::array<std::int64_t, kStageCount> stage_end_ns{};
};

// What happens on a track.
enum class Mark : std::uint8_t {
  begin,        // of a span
  stage_begin,  // of its stage `stage`
  end,          // of the innermost slice that is open on the track
  instant       // also a span that finds no track
};
struct TrackMark {
  Mark mark = Mark::begin;
  std::uint8_t stage = 0;
  std::uint32_t track = 0;  // 0 is the thread's own
  std::int64_t ns = 0;
  std::uint32_t item = 0;
  std::int64_t end_ns = 0;  // of a stage that begins
};

class LaneTracks {
 public:
  // Appends the marks up to the span's begin. Spans come in the order of their begins; of two that
  // begin together the longer one comes first. The marks of one track are in the order of time, and
  // each end closes the slice that was opened last.
  void add(const Span& span, std::vector<TrackMark>& out);
  // Appends what is left. An unfinished span gets no end.
  void finish(std::vector<TrackMark>& out);

 private:
  struct Open {
    Span span;
    unsigned next = 0;  // of the begins and ends of its stages, in turn
  };
  using Track = std::vector<Open>;

  // Appends what happens on the track up to that time, and closes what has ended.
  void pass(std::uint32_t track, std::int64_t ns, std::vector<TrackMark>& out);
  bool fits(const Track& track, const Span& span) const;

  std::vector<Track> tracks_{1};
};

}  // namespace ringside::tool
