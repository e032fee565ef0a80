// What the rules behind the suggestions share. A rule that finds nothing stays silent.
#pragma once

#include <string>

#include "report/analysis/analysis.h"

namespace ringside::detail {

inline constexpr std::uint64_t kEnough = 100;  // timed operations below which no suggestion is made
inline constexpr std::uint64_t kMany = 1000;
inline constexpr double kWorthwhile = 0.02;  // share of all time: nobody would notice less

Suggestion suggest(std::string what, std::string evidence, std::string gain, double gain_share);
void set_confidence(Suggestion& suggestion, Confidence confidence, std::string why);

void suggest_about_time(const Snapshot& snapshot, const Analysis& analysis,
                        std::vector<Suggestion>& out);
void suggest_about_events(const Snapshot& snapshot, const Analysis& analysis,
                          std::vector<Suggestion>& out);
void suggest_about_sight(const Snapshot& snapshot, const Analysis& analysis,
                         std::vector<Suggestion>& out);
// Without a history nothing is said.
void suggest_about_room(const Snapshot& snapshot, const HistorySpan* history,
                        std::vector<Suggestion>& out);

}  // namespace ringside::detail
