// The lists: operations, lanes, errors, actors.
#include <algorithm>

#include "report/model/format.h"
#include "tools/ringside/top/view.h"

namespace ringside::tool::top {

namespace {

constexpr std::size_t kShareBar = 8;
constexpr std::int64_t kStuckNs = 1'000'000'000;  // in flight for longer is worth a look

std::string count_text(std::uint64_t count) { return count == 0 ? "–" : format_count(count); }

// What stands in an empty list.
std::string nothing_yet(const Picture& picture, const char* what) {
  if (!picture.filter.empty()) return std::string(" no ") + what + " match the filter";
  return std::string(" no ") + what + " in this window";
}

// How many at once.
std::string busy_text(double busy) {
  return busy > 0 && busy < 0.001 ? "<0.001" : format_number(busy);
}

std::string estimated(const std::string& text, bool estimate) {
  return estimate ? "≈" + text : text;
}

}  // namespace

std::vector<Line> operation_lines(const Picture& picture, ViewState& state, Size size) {
  const auto by = [&](Sort sort) { return state.sort == sort; };
  const std::size_t trend = size.columns >= 150 ? 40 : 18;
  const bool minutes = picture.from != From::records && picture.past;
  List list({{"OPERATION", 12, Align::left, 0},
             {"RATE", 10, Align::right, 1, by(Sort::rate)},
             {"TIME", 7, Align::right, 4, by(Sort::time)},
             {"", kShareBar, Align::left, 8},
             {"P50", 8, Align::right, 5},
             {"P95", 8, Align::right, 2, by(Sort::p95)},
             {"P99", 8, Align::right, 6},
             {"MAX", 8, Align::right, 9},
             {"ERRORS", 8, Align::right, 3, by(Sort::errors)},
             {"REFUSED", 8, Align::right, 10},
             {"AT ONCE", 8, Align::right, 11},
             {minutes ? "LAST HOUR" : "LAST SECONDS", trend, Align::left, 7}});
  double most_share = 0;
  for (const OperationRow& row : picture.operations)
    if (!row.event) most_share = std::max(most_share, row.time_share);
  for (const OperationRow& row : picture.operations) {
    const bool quiet = row.count == 0;
    const Style plain = quiet ? Style::dim : Style::plain;
    const bool slow = row.threshold_ns > 0 && row.p95_ns > row.threshold_ns;
    std::string name = row.event ? "· " + row.name : row.name;
    if (row.sampled > 1) name += " 1/" + std::to_string(row.sampled);
    if (row.sampled == 0) name += " off";
    list.row({{name, quiet || row.event ? Style::dim : Style::bold},
              {quiet ? "–" : format_rate(row.rate), plain},
              {quiet || row.event ? "–" : format_percent(row.time_share), plain},
              {row.event ? "" : bar(row.time_share, most_share, kShareBar), Style::accent},
              {span_text(row.p50_ns, row.timed), plain},
              {span_text(row.p95_ns, row.timed), slow ? Style::bad : plain},
              {span_text(row.p99_ns, row.timed), plain},
              {span_text(row.max_ns, row.timed), plain},
              {count_text(row.errors), row.errors > 0 ? Style::bad : Style::dim},
              {count_text(row.refused), row.refused > 0 ? Style::warn : Style::dim},
              {quiet || row.event ? "–" : busy_text(row.busy), plain},
              {spark(row.trend, trend), Style::accent}});
  }
  if (picture.operations.empty()) list.note(nothing_yet(picture, "records"));
  return list.lines(state.place(), size);
}

std::vector<Line> lane_lines(const Picture& picture, ViewState& state, Size size) {
  List list({{"THREAD", 10, Align::left, 0},
             {"LANE", 5, Align::right, 3},
             {"TID", 8, Align::right, 4},
             {"PID", 8, Align::right, 9},
             {"STATE", 8, Align::left, 6},
             {"RATE", 9, Align::right, 1},
             {"LOST", 7, Align::right, 2},
             {"SINCE", 9, Align::right, 3},
             {"IN FLIGHT", 20, Align::left, 2},
             {"WRITTEN", 13, Align::right, 7},
             {"DROPPED", 8, Align::right, 8},
             {"TORN", 6, Align::right, 10}});
  for (const LaneRow& row : picture.lanes) {
    const bool lives = row.life == "owned" || row.overflow;
    const Style plain = lives ? Style::plain : Style::dim;
    const Style bad_life = row.life == "dead" ? Style::bad : plain;
    const Style since = row.since_ns >= kStuckNs ? Style::bad : Style::plain;
    list.row(
        {{row.thread, lives ? Style::bold : Style::dim},
         {std::to_string(row.lane), plain},
         {row.tid == 0 ? "–" : std::to_string(row.tid), plain},
         {row.pid == 0 ? "–" : std::to_string(row.pid), plain},
         {row.life, bad_life},
         {row.rate == 0 ? "–" : format_rate(row.rate), plain},
         {count_text(row.missed), row.missed > 0 ? Style::bad : Style::dim},
         {row.in_flight.empty() ? "–" : format_span_cell(static_cast<double>(row.since_ns)),
          row.in_flight.empty() ? Style::dim : since},
         {row.in_flight.empty() ? "–" : row.in_flight, row.in_flight.empty() ? Style::dim : since},
         {format_count(row.written), plain},
         {count_text(row.dropped), row.dropped > 0 ? Style::bad : Style::dim},
         {count_text(row.torn), row.torn > 0 ? Style::bad : Style::dim}});
  }
  if (picture.lanes.empty())
    list.note(picture.no_lanes.empty() ? " no thread has traced anything yet"
                                       : " " + picture.no_lanes);
  return list.lines(state.place(), size);
}

std::vector<Line> error_lines(const Picture& picture, ViewState& state, Size size) {
  List list({{"OPERATION", 12, Align::left, 0},
             {"OUTCOME", 9, Align::left, 3},
             {"ERROR", 16, Align::left, 1},
             {"COUNT", 9, Align::right, 0, true},
             {"RATE", 9, Align::right, 4},
             {"LAST", 12, Align::right, 5},
             {"BY", 22, Align::left, 6}});
  for (const ErrorRow& row : picture.errors) {
    const Style style = row.failure ? Style::bad : Style::warn;
    list.row({{row.operation_name, Style::bold},
              {row.outcome, style},
              {row.code.empty() ? "–" : row.code, Style::plain},
              {format_count(row.count), style},
              {format_rate(row.rate), Style::plain},
              {row.last_time, Style::dim},
              {row.last_actor, Style::plain}});
  }
  if (picture.other_errors > 0)
    list.note(" and " + format_count(picture.other_errors) + " of more kinds than are told apart");
  if (picture.errors.empty()) list.note(" nothing failed and nothing was refused in this window");
  return list.lines(state.place(), size);
}

std::vector<Line> actor_lines(const Picture& picture, ViewState& state, Size size) {
  List list({{"ACTOR", 14, Align::left, 0},
             {"TIME", 12, Align::right, 0, !state.actors_by_failures},
             {"", kShareBar, Align::left, 5},
             {"AT ONCE", 8, Align::right, 4},
             {"OPERATIONS", 11, Align::right, 3},
             {"RATE", 9, Align::right, 4},
             {"ERRORS", 9, Align::right, 1, state.actors_by_failures},
             {"REFUSED", 9, Align::right, 2}});
  double most = 0;
  bool estimates = false;
  for (const ActorRow& row : picture.actors) {
    most = std::max(most, row.time_ns);
    estimates = estimates || row.estimate;
  }
  const double seconds = picture.actors_seconds;
  const auto whole = [](double value) { return static_cast<std::uint64_t>(value + 0.5); };
  for (const ActorRow& row : picture.actors) {
    list.row({{row.name, Style::bold},
              {estimated(format_span_cell(row.time_ns), row.estimate), Style::plain},
              {bar(row.time_ns, most, kShareBar), Style::accent},
              {seconds > 0 ? busy_text(row.time_ns / 1e9 / seconds) : "–", Style::plain},
              {estimated(format_count(whole(row.operations)), row.estimate), Style::plain},
              {seconds > 0 ? format_rate(row.operations / seconds) : "–", Style::plain},
              {count_text(whole(row.errors)), row.errors > 0 ? Style::bad : Style::dim},
              {count_text(whole(row.refused)), row.refused > 0 ? Style::warn : Style::dim}});
  }
  if (picture.actors.empty())
    list.note(picture.no_actors.empty() ? nothing_yet(picture, "actors") : " " + picture.no_actors);
  if (size.rows < 4 || !picture.no_actors.empty()) return list.lines(state.place(), size);
  std::vector<Line> lines = list.lines(state.place(), {size.rows - 1, size.columns});
  lines.resize(size.rows - 1);
  std::string over = " over the last " + format_span(picture.actors_seconds * 1e9);
  over += estimates ? "; ≈ is an estimate, from a part of the records" : ", exact";
  lines.push_back(LineMaker(size.columns).add(over, Style::dim).line());
  return lines;
}

}  // namespace ringside::tool::top
