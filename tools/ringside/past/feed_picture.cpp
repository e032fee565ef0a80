// What figures say, as a picture.
#include <algorithm>

#include "daemon/history/spans.h"
#include "report/model/format.h"
#include "shm/clock.h"
#include "tools/ringside/past/feed.h"

namespace ringside::tool::past {

namespace {

constexpr const char* kNoLanes = "a history has no threads: they are of now, or of a ring";
constexpr const char* kNoActors =
    "a history has no actors: whole minutes of operations, and no single calls";
constexpr const char* kNoCalls = "a history has whole minutes and no single calls";

// Of a path the last two parts: a header has no room for more.
std::string short_name(const std::string& name) {
  const std::size_t file = name.rfind('/');
  if (file == std::string::npos || file == 0) return name;
  const std::size_t folder = name.rfind('/', file - 1);
  return folder == std::string::npos ? name : name.substr(folder + 1);
}

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }
double as_double(std::uint64_t n) { return static_cast<double>(n); }

top::OperationRow row_of(std::uint16_t id, const FigureSeries& one, bool with_ring, double all_ns) {
  const WindowStats& stats = one.stats;
  top::OperationRow row;
  row.id = id;
  row.event = one.key.event;
  row.name = escape_visible(with_ring ? one.key.ring + ": " + one.key.name : one.key.name);
  row.rate = stats.rate();
  row.time_share = one.key.event ? 0 : share(as_double(stats.sum_ns), all_ns);
  row.busy = share(as_double(stats.sum_ns) / 1e9, stats.seconds);
  row.p50_ns = stats.quantile_ns(0.5);
  row.p95_ns = stats.quantile_ns(0.95);
  row.p99_ns = stats.quantile_ns(0.99);
  row.max_ns = as_double(stats.max_ns);
  row.threshold_ns = one.threshold_ns;
  row.count = stats.count();
  row.timed = stats.timed;
  row.errors = stats.errors;
  row.refused = stats.refused;
  row.sampled = one.sampled;
  row.trend = one.trend;
  return row;
}

}  // namespace

void MinutesFeed::fill(const top::Wish& wish, top::Picture& picture) {
  read(wish);
  picture = {};
  fill_header(wish, picture);
  fill_operations(picture);
  if (wish.errors) fill_errors(picture);
  if (past()) {
    picture.no_lanes = kNoLanes;
    picture.no_actors = kNoActors;
    picture.no_calls = kNoCalls;
  } else {
    if (wish.lanes) picture.lanes = figures_.lanes;
    if (wish.actors) picture.actors = figures_.actors;
    picture.actors_seconds = figures_.actors_seconds;
    double all_ns = 0;
    for (const top::ActorRow& row : picture.actors) all_ns += row.time_ns;
    for (top::ActorRow& row : picture.actors) row.time_share = share(row.time_ns, all_ns);
  }
  if (wish.detail) fill_detail(wish, picture);
}

void MinutesFeed::fill_header(const top::Wish& wish, top::Picture& picture) const {
  picture.from = past() && !source_->lives() ? top::From::history : top::From::daemon;
  picture.past = past();
  picture.ring = short_name(source_->name());
  picture.window_s = wish.window_s;
  picture.seconds = figures_.seconds;
  picture.counts.lost = figures_.lost;
  picture.hours = figures_.hours;
  picture.paused = paused();
  if (paused()) picture.paused_ns = clock_ns(CLOCK_MONOTONIC) - paused_since_ns_;
  picture.notice = notice_;
  if (past()) {
    picture.window_s = std::max<std::int64_t>(figures_.end_wall_s - figures_.begin_wall_s, 60);
    picture.begin_wall_ns = figures_.begin_wall_s * kNsPerSecond;
    picture.wall_ns = figures_.end_wall_s * kNsPerSecond;
    picture.first_wall_ns = held_.begin_wall_s * kNsPerSecond;
    picture.last_wall_ns = held_.end_wall_s * kNsPerSecond;
    if (source_->lives() || figures_.rings.size() != 1) return;
    picture.program = "of " + escape_visible(figures_.rings[0]);
    return;
  }
  picture.state = figures_.state;
  picture.program = escape_visible(figures_.program);
  picture.pid = figures_.pid;
  picture.wall_ns = figures_.taken_wall_ns;
  picture.begin_wall_ns = picture.wall_ns - wish.window_s * kNsPerSecond;
  picture.uptime_ns = figures_.taken_wall_ns - figures_.started_wall_ns;
}

void MinutesFeed::fill_operations(top::Picture& picture) {
  double all_ns = 0;
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  std::vector<const FigureSeries*> wanted;
  for (const FigureSeries& one : figures_.series) {
    const WindowStats& stats = one.stats;
    if (!filter_.wants(one.key, one.category)) {
      picture.filtered += stats.count();
      continue;
    }
    wanted.push_back(&one);
    picture.shown += stats.count();
    picture.skipped += stats.skipped;
    picture.rate += stats.rate();
    const std::size_t points = std::max(picture.trend.size(), one.trend.size());
    picture.trend.resize(points);
    for (std::size_t i = 0; i < one.trend.size(); ++i)
      picture.trend[points - one.trend.size() + i] += one.trend[i];
    if (one.key.event) continue;
    all_ns += as_double(stats.sum_ns);
    calls += stats.count();
    errors += stats.errors;
  }
  picture.error_share = share(as_double(errors), as_double(calls));
  const bool with_ring = figures_.rings.size() > 1;
  for (const FigureSeries* one : wanted)
    picture.operations.push_back(row_of(id_of(one->key), *one, with_ring, all_ns));
  picture.filter = escape_visible(expression_);
  if (!flags_.none())
    picture.filter = picture.filter.empty() ? "as the command line says"
                                            : picture.filter + " (and the command line's)";
}

void MinutesFeed::fill_errors(top::Picture& picture) {
  for (const FigureError& one : figures_.errors) {
    const SeriesKey key{false, one.ring, one.operation};
    const auto series = std::find_if(figures_.series.begin(), figures_.series.end(),
                                     [&](const FigureSeries& of) { return of.key == key; });
    if (!filter_.wants(key, series == figures_.series.end() ? "" : series->category)) continue;
    top::ErrorRow row;
    row.operation = id_of(key);
    row.operation_name =
        escape_visible(figures_.rings.size() > 1 ? one.ring + ": " + one.operation : one.operation);
    row.outcome = name_of(one.outcome);
    if (one.code != 0)
      row.code =
          std::to_string(one.code) + (one.name.empty() ? "" : " " + escape_visible(one.name));
    row.failure = is_failure(one.outcome);
    row.count = one.count;
    row.rate = share(as_double(one.count), figures_.seconds);
    // A history knows the minute.
    row.last_time = format_time_of_day(one.last_wall_ns).substr(0, past() ? 5 : 12);
    row.last_actor = past() ? "–" : one.last_actor;
    picture.errors.push_back(std::move(row));
  }
}

void MinutesFeed::fill_detail(const top::Wish& wish, top::Picture& picture) const {
  top::Detail& detail = picture.detail;
  const std::uint16_t id = *wish.detail;
  if (id >= keys_.size()) return;
  const auto row = std::find_if(picture.operations.begin(), picture.operations.end(),
                                [&](const top::OperationRow& one) { return one.id == id; });
  const auto series = std::find_if(figures_.series.begin(), figures_.series.end(),
                                   [&](const FigureSeries& one) { return one.key == keys_[id]; });
  detail.row.id = id;
  detail.row.name = escape_visible(keys_[id].name);
  if (row != picture.operations.end()) detail.row = *row;
  if (series == figures_.series.end()) return;
  const WindowStats& stats = series->stats;
  detail.category = escape_visible(series->category);
  detail.mean_ns = stats.mean_ns();
  detail.min_ns = as_double(stats.min_ns);
  detail.total = series->total;
  detail.latency = stats.latency;
  double marked = 0;
  for (std::size_t i = 0; i < kStages; ++i) {
    const StageStats& stage = stats.stages[i];
    if (stage.count == 0) continue;
    top::StageRow& to = detail.stages[i];
    to.name = escape_visible(series->stage_names[i]);
    to.count = stage.count;
    to.share = share(as_double(stage.sum_ns), as_double(stats.sum_ns));
    to.mean_ns = as_double(stage.sum_ns) / as_double(stage.count);
    to.max_ns = as_double(stage.max_ns);
    marked += to.share;
  }
  detail.unmarked_share = marked > 0 ? std::max(0.0, 1 - marked) : 0;
  if (past()) return;
  detail.recent = figures_.recent;
  detail.worst = figures_.worst;
}

}  // namespace ringside::tool::past
