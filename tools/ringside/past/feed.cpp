#include "tools/ringside/past/feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "daemon/history/spans.h"
#include "report/model/format.h"
#include "shm/clock.h"

namespace ringside::tool::past {

namespace {

constexpr std::int64_t kRefreshNs = kNsPerSecond;   // of a daemon's now
constexpr std::int64_t kLookNs = 5 * kNsPerSecond;  // whether the history has grown
constexpr std::int64_t kPassNs = kNsPerSecond / 10;

std::size_t window_index(std::int64_t window_s) {
  for (std::size_t i = 0; i < std::size(kWindowsS); ++i)
    if (kWindowsS[i] == window_s) return i;
  return 0;
}

std::int64_t monotonic_ns() { return clock_ns(CLOCK_MONOTONIC); }

}  // namespace

std::unique_ptr<MinutesFeed> MinutesFeed::open(std::unique_ptr<MinuteSource> source,
                                               const FeedOptions& options, top::Refusal& refusal) {
  std::unique_ptr<MinutesFeed> feed(new MinutesFeed(std::move(source)));
  feed->flags_ = options.filter;
  FilterError error;
  if (!NameFilter::read(options.filter, "", feed->filter_, error)) {
    refusal = {"ringside top: " + error.text(), 2};
    return nullptr;
  }
  const bool lives = feed->source_->lives();
  if (lives && options.at.empty()) return feed;
  if (const auto failure = feed->source_->held(feed->held_)) {
    refusal = {"ringside top: " + failure->message, 1};
    return nullptr;
  }
  if (feed->held_.none()) {
    refusal = {"ringside top: " + feed->source_->name() +
                   ": its history is empty\n  next: a minute is written when it is over; wait for "
                   "the first one",
               1};
    return nullptr;
  }
  feed->end_s_ = feed->held_.end_wall_s;
  std::string why;
  if (!options.at.empty() && !feed->jump(options.at, why)) {
    refusal = {"ringside top: --at: " + why, 2};
    return nullptr;
  }
  return feed;
}

std::int64_t MinutesFeed::pass() {
  const std::int64_t now_ns = monotonic_ns();
  if (paused()) return kPassNs;
  if (!past()) {
    if (now_ns - read_ns_ >= kRefreshNs) read_for_.reset();
  } else if (!source_->lives() && now_ns - looked_ns_ >= kLookNs) {
    looked_ns_ = now_ns;
    const std::int64_t former_end_s = held_.end_wall_s;
    if (refresh_held() && *end_s_ == former_end_s && held_.end_wall_s > former_end_s)
      show(held_.end_wall_s);
  }
  return kPassNs;
}

// False when it cannot be read now. Then what was known stays.
bool MinutesFeed::refresh_held() {
  Held held;
  if (const auto failure = source_->held(held)) {
    complain(*failure);
    return false;
  }
  if (held.none()) {
    complain({0, "there is no history yet: the daemon writes each minute when it is over"});
    return false;
  }
  held_ = held;
  return true;
}

void MinutesFeed::complain(const Failure& failure) {
  notice_ = escape_visible(failure.message.substr(0, failure.message.find('\n')));
}

void MinutesFeed::show(std::int64_t end_s) {
  end_s_ = std::clamp(end_s, held_.begin_wall_s + 60, held_.end_wall_s);
  read_for_.reset();
}

void MinutesFeed::step(std::int64_t ns) {
  if (ns == 0) return;
  notice_.clear();
  const std::int64_t step_s = ns / kNsPerSecond;
  const bool from_now = !past();
  if (from_now) {
    if (step_s > 0 || !refresh_held()) return;
    pause(false);
    // The first step back shows the last whole minutes.
    show(held_.end_wall_s);
    return;
  }
  if (step_s > 0 && *end_s_ >= held_.end_wall_s) {
    step_to_end();
    return;
  }
  // Whole hours are stepped by whole hours.
  const std::int64_t least_s = figures_.hours ? kHourS : 60;
  show(*end_s_ + (step_s < 0 ? std::min(step_s, -least_s) : std::max(step_s, least_s)));
}

void MinutesFeed::step_to_begin() {
  notice_.clear();
  if (!refresh_held()) return;
  pause(false);
  const std::int64_t window_s = read_for_ ? read_for_->window_s : kWindowsS[0];
  show(held_.begin_wall_s + window_s);
}

void MinutesFeed::step_to_end() {
  notice_.clear();
  if (source_->lives()) {
    end_s_.reset();
    read_for_.reset();
    return;
  }
  if (refresh_held()) show(held_.end_wall_s);
}

bool MinutesFeed::jump(const std::string& text, std::string& why) {
  notice_.clear();
  if (!refresh_held()) {
    why = notice_;
    return false;
  }
  const auto minute = minute_of(text, held_, why);
  if (!minute) return false;
  pause(false);
  show(*minute + 60);
  return true;
}

void MinutesFeed::pause(bool on) {
  if (on == paused() || (on && past())) return;
  paused_since_ns_ = on ? monotonic_ns() : 0;
}

bool MinutesFeed::set_filter(const std::string& expression, FilterError& error) {
  if (!NameFilter::read(flags_, expression, filter_, error)) return false;
  expression_ = expression;
  return true;
}

std::uint16_t MinutesFeed::id_of(const SeriesKey& key) {
  const auto [found, added] = ids_.try_emplace(key, static_cast<std::uint16_t>(keys_.size()));
  if (added) keys_.push_back(key);
  return found->second;
}

void MinutesFeed::read(const top::Wish& wish) {
  if (read_for_ == wish || (paused() && read_for_)) return;
  Figures figures;
  std::optional<Failure> failure;
  if (past()) {
    const std::int64_t begin_s = std::max(*end_s_ - wish.window_s, held_.begin_wall_s);
    // What else is on the screen changes nothing about minutes.
    const bool same = read_for_ && read_for_->window_s == wish.window_s;
    if (same) return;
    failure = source_->read({begin_s, *end_s_}, figures);
  } else {
    NowWish now{window_index(wish.window_s), wish.actors_by_failures, std::nullopt};
    if (wish.detail && *wish.detail < keys_.size()) now.detail = keys_[*wish.detail];
    failure = source_->now(now, figures);
  }
  read_ns_ = monotonic_ns();
  read_for_ = wish;
  if (failure) {
    complain(*failure);
    return;
  }
  if (!past()) notice_.clear();
  figures_ = std::move(figures);
}

void MinutesFeed::say_end(const char* command) {
  std::uint64_t shown = 0;
  std::uint64_t filtered = 0;
  for (const FigureSeries& one : figures_.series)
    (filter_.wants(one.key, one.category) ? shown : filtered) += one.stats.count();
  const std::string what =
      past() ? span_words(figures_.begin_wall_s, figures_.end_wall_s)
             : fmt::format("now, {} observed", format_span(figures_.seconds * 1e9));
  std::fprintf(stderr, "%s: %s, %s: %s calls and events, %s filtered out, %s lost\n", command,
               source_->name().c_str(), what.c_str(), format_count(shown).c_str(),
               format_count(filtered).c_str(), format_count(figures_.lost).c_str());
}

}  // namespace ringside::tool::past
