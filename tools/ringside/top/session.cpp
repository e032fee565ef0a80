#include "tools/ringside/top/session.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "report/model/format.h"
#include "tools/ringside/filter/expression.h"
#include "tools/ringside/filter/moment.h"
#include "tools/ringside/source/newest_end.h"

namespace ringside::tool::top {

namespace {

constexpr std::int64_t kNamesNs = kSecondNs / 4;    // names, labels, threads, whether it lives
constexpr std::int64_t kLookNs = kSecondNs / 10;    // for a new server
constexpr std::int64_t kNoticeNs = 10 * kSecondNs;

bool before(std::uint64_t a, std::uint64_t b) { return static_cast<std::int64_t>(a - b) < 0; }

}  // namespace

std::unique_ptr<Session> Session::open(const SessionOptions& options, Refusal& refusal) {
  std::unique_ptr<Session> session(new Session(options));
  FilterError error;
  if (!read_flags(options.filter, session->wanted_, error)) {
    refusal = {"ringside top: " + error.text(), 2};
    return nullptr;
  }
  Failure failure;
  session->source_ = open_source(options.source, &failure);
  if (session->source_.file == nullptr) {
    refusal = {"ringside: " + failure.message, 1};
    return nullptr;
  }
  session->past_ = !session->source_.live();
  session->was_live_ = !session->past_;
  if (session->past_) session->survey();
  if (!session->bind(error)) {
    refusal = {"ringside top: " + error.text(), 2};
    return nullptr;
  }
  if (!options.at.empty()) {
    if (!session->past_) {
      refusal = {"ringside top: --at " + escape_visible(options.at) +
                     ": the server is alive, and a living ring shows the present\n  next: leave "
                     "--at out, or give a recording, or the ring of a server that has ended",
                 2};
      return nullptr;
    }
    if (!session->jump(options.at)) {
      refusal = {"ringside top: --at: found `" + escape_visible(options.at) +
                     "`, expected a moment\n  next: write 2026-11-27T02:00:00Z, 02:00:00, or 10s "
                     "(before the end)",
                 2};
      return nullptr;
    }
  }
  session->begin();
  return session;
}

std::int64_t Session::now_ns() const { return clock_ns(CLOCK_MONOTONIC); }

bool Session::bind(FilterError& error) {
  auto matcher = Matcher::make(wanted_, file(), past_ ? last_ticks_ : file().now_ticks(), error);
  if (!matcher) return false;
  matcher_ = std::move(matcher);
  return true;
}

bool Session::reopen() {
  if (!source_.recorded) {
    source_.records = std::make_unique<SegmentRecords>(file().segment(), file().facts().clock,
                                                       file().scale().ticks_per_second());
    return true;
  }
  Failure failure;
  Source again = open_source(options_.source, &failure);
  if (again.file == nullptr || again.records == nullptr) {
    notice_ = "the recording cannot be read again: " + failure.message;
    notice_until_ns_ = INT64_MAX;
    return false;
  }
  source_.records = std::move(again.records);
  return true;
}

void Session::begin() {
  if (!reopen()) return;
  model_ = Model();
  first_read_ = true;
  shown_ = filtered_ = lost_at_first_ = 0;
  batch_.clear();
  pending_ = 0;
  pacing_.begin_anew();
  if (past_) {
    const std::uint64_t at = at_ticks_;
    at_ticks_ = first_ticks_ - 1;
    show(at);
    return;
  }
  source_.records->read(batch_, false);
  lost_at_first_ = source_.recorded ? 0 : source_.records->counts().lost;
  take(batch_, now_ns());
}

void Session::take(const std::vector<Seen>& records, std::int64_t now_ns) {
  if (first_read_) observe(records);
  model_.add(records, now_ns, file().scale(), [&](const Seen& seen) {
    const bool matches = (*matcher_)(seen);
    ++(matches ? shown_ : filtered_);
    return matches;
  });
  model_.advance(now_ns, file().scale());
}

void Session::observe(const std::vector<Seen>& first) {
  first_read_ = false;
  const TickScale& scale = file().scale();
  if (source_.recorded) {
    if (!first.empty()) model_.observed_since(scale.monotonic_ns(first.front().record.end()));
    return;
  }
  // A lane that was lapped lacks what came before its oldest record. A slice that lacks a part
  // would look like a rise, so the next one is the first.
  std::int64_t since_ns = scale.monotonic_ns(file().facts().anchor_ticks);
  std::vector<bool> met(std::size_t{file().segment().overflow_lane()} + 1);
  for (const Seen& seen : first) {
    if (met[seen.lane]) continue;
    met[seen.lane] = true;
    if (seen.position == 0) continue;
    const std::int64_t end_ns = scale.monotonic_ns(seen.record.end());
    since_ns = std::max(since_ns, add_ns(end_ns - end_ns % kSlicePartNs, kSlicePartNs));
  }
  model_.observed_since(since_ns);
}

std::int64_t Session::pass() {
  const std::int64_t now = now_ns();
  if (past_) {
    if (now - looked_ns_ >= kLookNs) {
      looked_ns_ = now;
      look_for_successor();
    }
    return kLookNs;
  }
  if (paused()) return kLookNs;
  if (now - refreshed_ns_ >= kNamesNs) {
    refreshed_ns_ = now;
    file().refresh();
    matcher_->refresh();
    if (file().segment().broken() || !source_.live()) {
      end_of_server();
      return 0;
    }
  }
  batch_.clear();
  source_.records->read(batch_, false);
  take(batch_, now_ns());
  const std::int64_t pause = pacing_.next_pause_ns(source_.records->fullest(), now - passed_ns_);
  passed_ns_ = now;
  return pause;
}

void Session::end_of_server() {
  batch_.clear();
  source_.records->read(batch_, true);
  take(batch_, now_ns());
  const RingState state = file().state().value_or(RingState::crashed);
  const RecordCounts known = counts();
  const std::uint64_t shown = shown_;
  survey();
  past_ = true;
  at_ticks_ = last_ticks_;
  // The windows of the model reach further back than the ring does. They stay until somebody steps.
  whole_ = known;
  lost_at_first_ = 0;
  shown_ = shown;
  pending_ = 0;
  batch_.clear();
  notice_ = std::string(file().segment().broken()    ? "the ring was cut off"
                        : state == RingState::closed ? "the server has left"
                                                     : "the server has died") +
            ": waiting for it to come back";
  notice_until_ns_ = INT64_MAX;
}

void Session::survey() {
  std::vector<Seen> some;
  bool any = false;
  first_ticks_ = last_ticks_ = file().facts().anchor_ticks;
  if (!reopen()) return;
  NewestEnd newest(file());
  Records::Next next = Records::Next::more;
  while (next == Records::Next::more) {
    some.clear();
    next = source_.records->read(some, true);
    for (const Seen& seen : some) {
      const std::uint64_t end = seen.record.end();
      newest.take(end);
      if (!newest.can_be(end)) continue;
      if (!any || before(end, first_ticks_)) first_ticks_ = end;
      any = true;
    }
  }
  last_ticks_ = newest.ticks().value_or(last_ticks_);
  whole_ = source_.records->counts();
  keep_faults();
  at_ticks_ = last_ticks_;
}

// Those of the first time that it is read. They are said when the screen is gone.
void Session::keep_faults() {
  if (!source_.recording || faults_kept_) return;
  faults_kept_ = true;
  std::vector<std::string>& faults = source_.recording->faults;
  for (std::string& fault : source_.records->take_faults()) faults.push_back(std::move(fault));
  if (faults.empty()) return;
  notice_ = "the recording " + faults.front();
  notice_until_ns_ = INT64_MAX;
}

void Session::show(std::uint64_t ticks) {
  if (before(ticks, first_ticks_)) ticks = first_ticks_;
  if (before(last_ticks_, ticks)) ticks = last_ticks_;
  if (before(ticks, at_ticks_)) {
    at_ticks_ = ticks;
    begin();
    return;
  }
  at_ticks_ = ticks;
  const std::int64_t at_ns = file().scale().monotonic_ns(ticks);
  Records::Next next = Records::Next::more;
  std::vector<Seen> part;
  while (true) {
    // Garbage that ends behind the last moment would hold up all batches behind it.
    const auto end = std::find_if(batch_.begin() + static_cast<std::ptrdiff_t>(pending_),
                                  batch_.end(), [&](const Seen& seen) {
                                    return before(ticks, seen.record.end()) &&
                                           !before(last_ticks_, seen.record.end());
                                  });
    part.assign(batch_.begin() + static_cast<std::ptrdiff_t>(pending_), end);
    pending_ = static_cast<std::size_t>(end - batch_.begin());
    take(part, at_ns);
    if (end != batch_.end() || next != Records::Next::more) break;
    batch_.clear();
    pending_ = 0;
    next = source_.records->read(batch_, true);
  }
}

void Session::step(std::int64_t ns) {
  if (!past_) return;
  if (was_live_ && !stepped_) {
    // The live model knows more than the ring. From here on it is what the ring holds.
    stepped_ = true;
    survey();
    begin();
  }
  stepped_ = true;
  notice_until_ns_ = arrived_ || source_.recorded ? INT64_MAX : 0;
  const TickScale& scale = file().scale();
  show(scale.ticks_from_ns(add_ns(scale.monotonic_ns(at_ticks_), ns)));
}

bool Session::jump(const std::string& text) {
  if (!past_) return false;
  const std::int64_t last_ns = file().wall_ns(last_ticks_);
  std::string moment = text;
  if (!text.empty() && text.find_first_not_of("0123456789:.") == std::string::npos &&
      text.find(':') != std::string::npos)
    moment = format_wall(last_ns).substr(0, 11) + text + "Z";
  const auto at_ns = parse_moment_ns(moment, last_ns);
  if (!at_ns) return false;
  step(0);
  // Nanoseconds are coarser than ticks: the end must not come out before its record.
  show(*at_ns >= last_ns ? last_ticks_ : file().ticks_at_wall(*at_ns));
  return true;
}

void Session::pause(bool on) {
  if (past_ || on == paused()) return;
  paused_since_ns_ = on ? now_ns() : 0;
}

bool Session::set_filter(const std::string& expression, FilterError& error) {
  Wanted wanted;
  if (!read_flags(options_.filter, wanted, error)) return false;
  if (!expression.empty() && !read_expression(expression, wanted.parts.emplace_back(), error))
    return false;
  std::swap(wanted, wanted_);
  if (!bind(error)) {
    std::swap(wanted, wanted_);
    return false;
  }
  expression_ = expression;
  if (past_ && was_live_ && !stepped_) survey();
  begin();
  return true;
}

void Session::look_for_successor() {
  if (source_.recorded) return;
  struct stat info {};
  Failure failure;
  Source next;
  if (stat(file().segment().path().c_str(), &info) == 0 && info.st_ino != file().segment().inode())
    next = open_source(options_.source, &failure);
  if (next.file == nullptr || !next.live()) {
    if (unfit_) notice_ = "the server has gone again: waiting for it to come back";
    unfit_ = false;
    return;
  }
  if (stepped_ || !was_live_) {
    arrived_ = true;
    notice_ = "a server writes this ring again, pid " +
              std::to_string(next.file->facts().creator_pid) + ": n shows it";
    notice_until_ns_ = INT64_MAX;
    return;
  }
  take_over(std::move(next));
}

void Session::go_on() {
  if (!past_ || source_.recorded) return;
  stepped_ = false;
  was_live_ = true;
  look_for_successor();
}

bool Session::take_over(Source next) {
  const std::int64_t now = now_ns();
  FilterError error;
  auto matcher = Matcher::make(wanted_, *next.file, next.file->now_ticks(), error);
  unfit_ = !matcher;
  if (unfit_) {
    // A new server names things later than it makes its ring. Without them nothing can match.
    notice_ = "the server is back, pid " + std::to_string(next.file->facts().creator_pid) +
              "; no match yet: " + error.what;
    notice_until_ns_ = INT64_MAX;
    return false;
  }
  former_ = all_counts();
  former_shown_ += shown_;
  former_filtered_ += filtered_;
  source_ = std::move(next);
  matcher_ = std::move(matcher);
  past_ = stepped_ = arrived_ = false;
  was_live_ = true;
  whole_ = {};
  begin();
  notice_ = "the server is back: a new ring, pid " + std::to_string(file().facts().creator_pid);
  notice_until_ns_ = now + kNoticeNs;
  return true;
}

RecordCounts Session::counts() const {
  if (past_) return whole_;
  RecordCounts counts = source_.records->counts();
  counts.lost -= lost_at_first_;
  counts.earlier += lost_at_first_;
  return counts;
}

RecordCounts Session::all_counts() const {
  RecordCounts sum = former_;
  const RecordCounts now = counts();
  sum.earlier += now.earlier;
  sum.read += now.read;
  sum.rejected += now.rejected;
  sum.lost += now.lost;
  return sum;
}

}  // namespace ringside::tool::top
