// What the rules behind the suggestions share. A rule that finds nothing stays silent.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/analysis/analysis.h"

namespace ringside::detail {

inline constexpr std::uint64_t kEnough = 100;  // timed operations below which no suggestion is made
inline constexpr std::uint64_t kMany = 1000;
inline constexpr double kWorthwhile = 0.02;  // share of all time: nobody would notice less

Suggestion suggest(AdviceKey key, std::string what, std::string evidence, std::string gain,
                   double gain_share);
void set_confidence(Suggestion& suggestion, Confidence confidence, std::string why);

void suggest_about_time(const Snapshot& snapshot, const Analysis& analysis,
                        std::vector<Suggestion>& out);
void suggest_about_events(const Snapshot& snapshot, const Analysis& analysis,
                          std::vector<Suggestion>& out);
void suggest_about_sight(const Snapshot& snapshot, const Analysis& analysis,
                         std::vector<Suggestion>& out);
// Without a history nothing is said.
void suggest_about_thresholds(const Snapshot& snapshot, const Analysis& analysis,
                              const HistorySpan* history, std::vector<Suggestion>& out);
void suggest_about_parties(const Snapshot& snapshot, const Analysis& analysis,
                           std::vector<Suggestion>& out);
void suggest_about_room(const Snapshot& snapshot, const HistorySpan* history,
                        std::vector<Suggestion>& out);

// The figures behind them, in the unit of the kind (report/model/advice.h). Nothing: not known.
std::optional<double> lost_share(const Snapshot& snapshot, const RingView& ring);
std::optional<double> overflow_share(const Snapshot& snapshot, const RingView& ring);
std::optional<double> pace_of(const AdviceKey& key, const Snapshot& snapshot,
                              const HistorySpan& history);
std::optional<double> share_over_threshold(const AdviceKey& key, const Snapshot& snapshot,
                                           const Analysis& analysis);
std::optional<double> times_too_loose(const AdviceKey& key, const Snapshot& snapshot,
                                      const HistorySpan& history);
std::optional<double> share_of_one_party(const AdviceKey& key, const Snapshot& snapshot);
std::optional<double> logins_from_open_sources(const AdviceKey& key, const Snapshot& snapshot);

}  // namespace ringside::detail
