// Suggestions about who is behind the calls: an operation to limit by rate, sources to block.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "report/analysis/labels.h"
#include "report/analysis/shares.h"
#include "report/analysis/suggestions.h"
#include "report/model/format.h"

namespace ringside::detail {
namespace {

constexpr std::size_t kFewestLast = 50;    // of an operation's last calls
constexpr double kMostOfLast = 0.5;        // of them, by one party
constexpr double kWorthLimiting = 0.15;    // of the time of all operations
constexpr double kLimitWorks = 0.01;       // of its calls are refused for their rate
constexpr std::uint64_t kManyLogins = 60;  // in vain from one address in an hour: one a minute
constexpr std::size_t kNamedSources = 5;

// Who made most of an operation's last calls.
struct Foremost {
  Party party;
  std::size_t calls = 0, of = 0;
};

Foremost foremost_of(const SeriesView& operation) {
  std::map<std::pair<PartyKind, std::uint64_t>, std::pair<std::size_t, const Party*>> calls;
  Foremost most;
  for (const RecordView& record : operation.last) {
    if (record.outcome == RecordOutcome::limited) continue;  // a limit is at work
    ++most.of;
    if (record.actor.none()) continue;
    auto& [count, party] = calls[{record.actor.kind, record.actor.id}];
    ++count;
    party = &record.actor;
  }
  for (const auto& [id, of] : calls) {
    if (of.first > most.calls) {
      most.calls = of.first;
      most.party = *of.second;
    }
  }
  return most;
}

bool takes_most_time(const Snapshot& snapshot, const std::string& ring, const Party& party) {
  for (const TopEntry& entry : snapshot.actors_by_time) {
    if (entry.ring == ring) return entry.party.kind == party.kind && entry.party.id == party.id;
  }
  return false;
}

void suggest_limit(const Snapshot& snapshot, const Analysis& analysis, const TimeShare& time,
                   std::vector<Suggestion>& out) {
  if (time.timed < kMany || time.share_of_all < kWorthLimiting) return;
  const SeriesView* operation = find_series(snapshot.operations, time.ring, time.operation);
  if (operation == nullptr) return;
  const WindowStats& stats = operation->window(analysis.window);
  const auto limited = stats.outcomes[static_cast<std::size_t>(RecordOutcome::limited)];
  if (share_of(limited, stats.count()) >= kLimitWorks) return;
  const Foremost most = foremost_of(*operation);
  const double share = share_of(most.calls, most.of);
  if (most.of < kFewestLast || share < kMostOfLast) return;
  const double gain = share * time.share_of_all;
  Suggestion suggestion = suggest(
      {AdviceKind::rate_limit, time.ring, time.operation},
      fmt::format("Limit how often one party may call {}.",
                  label_of(snapshot, time.operation, time.ring)),
      fmt::format("{} made {} of its last {} calls. It takes {} of the time of all operations, and "
                  "{} of its {} calls were refused for their rate.",
                  format_party(most.party), most.calls, most.of, format_percent(time.share_of_all),
                  limited == 0 ? "none" : format_count(limited), format_count(stats.count())),
      fmt::format("At most {} of the time of all operations.", format_percent(gain)), gain);
  if (takes_most_time(snapshot, time.ring, most.party)) {
    set_confidence(suggestion, Confidence::medium,
                   "it also takes the most time of all parties over the last hour");
  } else {
    set_confidence(suggestion, Confidence::low, "the last calls may be a burst");
  }
  out.push_back(std::move(suggestion));
}

bool is_blocked(const Snapshot& snapshot, const FailedLogins& source) {
  for (const BlockView& block : snapshot.blocks) {
    if (block.ring != source.ring || block.address.id != source.party.id ||
        block.address.kind != source.party.kind)
      continue;
    // Blocked since its attempts began, and what it tries is turned away.
    if (block.blocked_wall_ns >= source.since_wall_ns && block.got_through <= block.turned_away)
      return true;
  }
  return false;
}

std::vector<const FailedLogins*> open_sources(const Snapshot& snapshot, const std::string& ring) {
  std::vector<const FailedLogins*> open;
  for (const FailedLogins& source : snapshot.failed_by_address) {
    if (source.ring == ring && source.hour >= kManyLogins && !is_blocked(snapshot, source))
      open.push_back(&source);
  }
  return open;
}

std::uint64_t attempts_of(const std::vector<const FailedLogins*>& sources) {
  std::uint64_t attempts = 0;
  for (const FailedLogins* source : sources) attempts += source->hour;
  return attempts;
}

void suggest_blocks(const Snapshot& snapshot, const std::string& ring,
                    std::vector<Suggestion>& out) {
  const std::vector<const FailedLogins*> open = open_sources(snapshot, ring);
  if (open.empty()) return;
  std::string named;
  for (std::size_t i = 0; i < std::min(open.size(), kNamedSources); ++i) {
    named +=
        fmt::format("{}{} ({} for {})", i == 0 ? "" : ", ", format_party(open[i]->party),
                    format_count(open[i]->hour), count_of(open[i]->others, "account", "accounts"));
  }
  if (open.size() > kNamedSources)
    named += fmt::format(", and {} more", open.size() - kNamedSources);
  const std::uint64_t attempts = attempts_of(open);
  Suggestion suggestion = suggest(
      {AdviceKind::sources, ring, {}},
      fmt::format("Block {} with many failed logins.",
                  label_of(snapshot, open.size() == 1 ? "the address" : "the addresses", ring)),
      fmt::format("Failed logins of the last hour: {}. The server has not blocked {}.", named,
                  open.size() == 1 ? "it" : "them"),
      fmt::format("{} fewer attempts in an hour.", format_count(attempts)), 0);
  set_confidence(suggestion, open.front()->others > 1 ? Confidence::high : Confidence::medium,
                 open.front()->others > 1 ? "one address that tries several accounts is guessing"
                                          : "a client with an old password does the same");
  out.push_back(std::move(suggestion));
}

}  // namespace

std::optional<double> share_of_one_party(const AdviceKey& key, const Snapshot& snapshot) {
  const SeriesView* operation = find_series(snapshot.operations, key.ring, key.subject);
  if (operation == nullptr) return std::nullopt;
  const Foremost most = foremost_of(*operation);
  if (most.of < kFewestLast) return std::nullopt;
  return share_of(most.calls, most.of);
}

std::optional<double> logins_from_open_sources(const AdviceKey& key, const Snapshot& snapshot) {
  const bool known = !snapshot.is_past() &&
                     std::any_of(snapshot.rings.begin(), snapshot.rings.end(),
                                 [&](const RingView& ring) { return ring.name == key.ring; });
  if (!known) return std::nullopt;
  return static_cast<double>(attempts_of(open_sources(snapshot, key.ring)));
}

void suggest_about_parties(const Snapshot& snapshot, const Analysis& analysis,
                           std::vector<Suggestion>& out) {
  for (const TimeShare& time : analysis.operations) suggest_limit(snapshot, analysis, time, out);
  for (const RingView& ring : snapshot.rings) suggest_blocks(snapshot, ring.name, out);
}

}  // namespace ringside::detail
