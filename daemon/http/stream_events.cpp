#include "daemon/http/stream_events.h"

#include <algorithm>
#include <string>

#include "daemon/http/envelope.h"
#include "daemon/http/shown.h"
#include "report/render/json_parts.h"

namespace ringside::http {
namespace {

using detail::array_of;
using detail::json_at;

// Of the last minute.
Json json_figures(const SeriesView& series) {
  const WindowStats& stats = series.window(Window::minute);
  const bool timed = stats.timed > 0;
  const auto quantile = [&](double q) {
    return timed ? Json(stats.quantile_ns(q)) : Json(nullptr);
  };
  return {{"name", series.name},
          {"ring", detail::json_text(series.ring)},
          {"count", stats.count()},
          {"rate_per_s", stats.seconds > 0 ? Json(stats.rate()) : Json(nullptr)},
          {"errors", stats.errors},
          {"error_rate", stats.count() > 0 ? Json(stats.error_rate()) : Json(nullptr)},
          {"p50_ns", quantile(0.5)},
          {"p95_ns", quantile(0.95)},
          {"p99_ns", quantile(0.99)},
          {"max_ns", timed ? Json(stats.max_ns) : Json(nullptr)}};
}

Json json_tick(const Present& present) {
  const Snapshot& snapshot = present.snapshot();
  const Analysis& analysis = present.report().analysis;
  const auto in_flight =
      std::count_if(snapshot.lanes.begin(), snapshot.lanes.end(),
                    [](const LaneView& lane) { return !lane.in_flight.empty(); });
  return {{"tick", snapshot.tick},
          {"taken_at", json_at(snapshot.wall_ns)},
          {"verdict", verdict_name(analysis.verdict)},
          {"headline", detail::json_headline(analysis.headline)},
          {"active_alerts", json_active_alerts(snapshot)},
          {"open_incidents", json_open_incidents(snapshot)},
          {"books", detail::json_books(snapshot.books)},
          {"all", json_figures(snapshot.all)},
          {"operations", array_of(snapshot.operations, json_figures)},
          {"gauges", array_of(snapshot.gauges, detail::json_gauge)},
          {"in_flight", in_flight}};
}

// A list of which a snapshot has the latest: those that came since the one before.
struct Tail {
  const std::vector<AlertTransition>& list;
  std::uint64_t fresh = 0;

  Tail(const std::vector<AlertTransition>& now, std::uint64_t forgotten_now,
       const std::vector<AlertTransition>& before, std::uint64_t forgotten_before)
      : list(now) {
    const std::uint64_t ever = forgotten_now + now.size();
    fresh = ever - std::min(forgotten_before + before.size(), ever);
  }
  std::uint64_t kept() const { return std::min<std::uint64_t>(fresh, list.size()); }
  std::uint64_t lost() const { return fresh - kept(); }
  void add_to(std::vector<StreamData>& events) const {
    for (auto i = list.size() - kept(); i < list.size(); ++i)
      events.push_back({"alert", json_text_of(detail::json_transition(list[i]))});
  }
};

}  // namespace

StreamData hello_event(const Present* present, std::int64_t now_wall_ns) {
  const Snapshot* snapshot = present != nullptr ? &present->snapshot() : nullptr;
  const auto known = [&](const auto& value) { return snapshot ? Json(value()) : Json(nullptr); };
  const Json json = {
      {"generated_at", json_at(now_wall_ns)},
      {"tick", known([&] { return snapshot->tick; })},
      {"taken_at", known([&] { return json_at(snapshot->wall_ns); })},
      {"tick_seconds", known([&] { return snapshot->tick_seconds; })},
      {"daemon_version", known([&] { return snapshot->daemon.version; })},
      {"daemon_started_at", known([&] { return json_at(snapshot->daemon.started_wall_ns); })}};
  return {"hello", json_text_of(json)};
}

StreamData line_event(const AlertTransition& line) {
  return {"alert", json_text_of(detail::json_transition(line))};
}

std::vector<StreamData> events_between(const Snapshot* before, const Present& now) {
  const Snapshot& snapshot = now.snapshot();
  std::vector<StreamData> events;
  if (before != nullptr) {
    const Tail transitions(snapshot.transitions, snapshot.transitions_forgotten,
                           before->transitions, before->transitions_forgotten);
    if (const std::uint64_t lost = transitions.lost(); lost > 0) {
      events.push_back({"gap", json_text_of({{"reason", "too_many_transitions"}, {"lost", lost}})});
    }
    transitions.add_to(events);
  }
  events.push_back({"tick", json_text_of(json_tick(now))});
  return events;
}

}  // namespace ringside::http
