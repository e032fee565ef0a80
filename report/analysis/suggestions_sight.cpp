// Suggestions that make the figures complete: lost records, threads without a lane, time without a
// stage.
#include <fmt/format.h>

#include "report/analysis/judgement.h"
#include "report/analysis/labels.h"
#include "report/analysis/shares.h"
#include "report/analysis/suggestions.h"
#include "report/model/format.h"

namespace ringside::detail {
namespace {

constexpr double kLostShare = 0.001;
constexpr double kOverflowShare = 0.01;
constexpr double kUnmarkedShare = 0.3;

// Of the last hour; of the past, of the span.
struct Losses {
  std::uint64_t lost = 0, written = 0;
};
Losses losses_of(const Snapshot& snapshot, const RingView& ring) {
  const Window window = snapshot.is_past() ? Window::since_start : Window::hour;
  const std::uint64_t lost = ring.losses.while_observed[static_cast<std::size_t>(window)];
  return {lost, lost + records_of(snapshot, ring.name, window)};
}

struct Overflow {
  std::uint64_t overflowed = 0, written = 0;
};
Overflow overflow_of(const Snapshot& snapshot, const RingView& ring) {
  Overflow sum;
  for (const LaneView& lane : snapshot.lanes) {
    if (lane.ring != ring.name) continue;
    sum.written += lane.books.written;
    if (lane.overflow) sum.overflowed += lane.books.written;
  }
  return sum;
}

void suggest_capacity(const Snapshot& snapshot, std::vector<Suggestion>& out) {
  for (const RingView& ring : snapshot.rings) {
    const Window window = snapshot.is_past() ? Window::since_start : Window::hour;
    const auto [lost, written] = losses_of(snapshot, ring);
    if (share_of(lost, written) < kLostShare) continue;
    const LaneView* worst = nullptr;
    for (const LaneView& lane : snapshot.lanes) {
      if (lane.ring != ring.name || lane.books.lost == 0) continue;
      if (worst == nullptr || lane.books.lost > worst->books.lost) worst = &lane;
    }
    std::string evidence = fmt::format(
        "{} of {} records of {} were overwritten unread", format_count(lost), format_count(written),
        snapshot.is_past() ? describe_window(snapshot, window) : "the last hour");
    if (worst != nullptr) {
      evidence +=
          fmt::format("; since start most ({}) in {} of {}", format_count(worst->books.lost),
                      worst->overflow ? "the overflow lane" : fmt::format("lane {}", worst->lane),
                      escape_visible(ring.name));
    }
    Suggestion suggestion =
        suggest({AdviceKind::capacity, ring.name, {}},
                "Give the server's lanes a greater capacity, or the daemon more of the processor.",
                evidence + ".",
                fmt::format("{} of the records would be seen again.",
                            format_percent(share_of(lost, written))),
                0);
    set_confidence(suggestion, Confidence::high, "counted");
    out.push_back(std::move(suggestion));
  }
}

void suggest_lanes(const Snapshot& snapshot, std::vector<Suggestion>& out) {
  for (const RingView& ring : snapshot.rings) {
    const auto [overflowed, written] = overflow_of(snapshot, ring);
    if (share_of(overflowed, written) < kOverflowShare) continue;
    Suggestion suggestion = suggest(
        {AdviceKind::lanes, ring.name, {}},
        "Give the server's ring more lanes than the server has threads.",
        fmt::format("{} of {} records of {} went through the shared overflow lane.",
                    format_count(overflowed), format_count(written), escape_visible(ring.name)),
        "These records become as cheap as the others; no operation gets faster by more than that.",
        0);
    set_confidence(suggestion, Confidence::high, "counted");
    out.push_back(std::move(suggestion));
  }
}

void suggest_marks(const Analysis& analysis, std::vector<Suggestion>& out) {
  if (analysis.all.timed < kEnough || analysis.all.unmarked < kUnmarkedShare) return;
  Suggestion suggestion =
      suggest({AdviceKind::sight, {}, {}}, "Mark more stages, so that the time can be told apart.",
              fmt::format("{} of the time of all operations lies in no stage.",
                          format_percent(analysis.all.unmarked)),
              "None by itself: it shows where that time goes.", 0);
  set_confidence(suggestion, Confidence::high, "measured");
  out.push_back(std::move(suggestion));
}

}  // namespace

std::optional<double> lost_share(const Snapshot& snapshot, const RingView& ring) {
  const Losses losses = losses_of(snapshot, ring);
  if (losses.written < kEnough) return std::nullopt;
  return share_of(losses.lost, losses.written);
}

std::optional<double> overflow_share(const Snapshot& snapshot, const RingView& ring) {
  const Overflow sum = overflow_of(snapshot, ring);
  if (sum.written < kEnough) return std::nullopt;
  return share_of(sum.overflowed, sum.written);
}

void suggest_about_sight(const Snapshot& snapshot, const Analysis& analysis,
                         std::vector<Suggestion>& out) {
  suggest_capacity(snapshot, out);
  suggest_lanes(snapshot, out);
  suggest_marks(analysis, out);
}

}  // namespace ringside::detail
