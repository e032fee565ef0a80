// GET metrics: everything of the latest tick, for tables and tiles.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/http/envelope.h"
#include "daemon/http/parameters.h"
#include "daemon/http/routes_parts.h"
#include "daemon/http/shown.h"

namespace ringside::http {
namespace {

using detail::array_of;

struct MetricsAsked {
  detail::SeriesParts parts{};
  std::optional<std::string> operation;
  std::optional<std::string> ring;

  bool wants(const std::string& of_ring) const { return !ring || *ring == of_ring; }
  bool wants(const std::string& of_ring, const std::string& name) const {
    return wants(of_ring) && (!operation || *operation == name);
  }
  // Different questions have different keys. Text comes last, behind its length.
  std::string key() const {
    return fmt::format("metrics {} {} {} {} {}{}{}", parts.last, parts.histograms,
                       parts.window ? static_cast<int>(*parts.window) : -1, ring.has_value(),
                       operation ? fmt::format("{}:{}", operation->size(), *operation) : "-",
                       ring ? " " : "", ring.value_or(""));
  }
};

template <class List, class Wanted, class Function>
Json some_of(const List& list, Wanted wanted, Function function) {
  Json json = Json::array();
  for (const auto& one : list) {
    if (wanted(one)) json.push_back(function(one));
  }
  return json;
}

Json json_failed(const FailedLogins& failed) {
  return {{"party", detail::json_party(failed.party)},
          {"ring", detail::json_text(failed.ring)},
          {"count_1m", failed.minute},
          {"count_1h", failed.hour},
          {"others", failed.others},
          {"since_at", detail::json_at(failed.since_wall_ns)},
          {"last_at", detail::json_at(failed.last_wall_ns)}};
}

Json json_quality(const Snapshot& snapshot, const MetricsAsked& asked) {
  return {{"books", detail::json_books(snapshot.books)},
          {"unattributed_lost", snapshot.unattributed_lost},
          {"late_records", snapshot.late_records},
          {"rings", some_of(
                        snapshot.rings, [&](const RingView& one) { return asked.wants(one.name); },
                        detail::json_ring)},
          {"lanes", some_of(
                        snapshot.lanes, [&](const LaneView& one) { return asked.wants(one.ring); },
                        detail::json_lane)}};
}

Json metrics_of(const Report& report, const MetricsAsked& asked) {
  const Snapshot& snapshot = report.snapshot;
  const Analysis& analysis = report.analysis;
  const auto series = [&](Judged judged) {
    return [&snapshot, &asked, judged](const SeriesView& one) {
      return json_shown_series(one, snapshot.thresholds, judged, asked.parts);
    };
  };
  return {
      {"verdict", verdict_name(analysis.verdict)},
      {"headline", detail::json_headline(analysis.headline)},
      {"reasons", array_of(analysis.reasons, detail::json_reason)},
      {"stories", detail::json_stories(analysis.stories)},
      {"active_alerts", json_active_alerts(snapshot)},
      {"open_incidents", json_open_incidents(snapshot)},
      {"all", series(Judged::all)(snapshot.all)},
      {"operations", some_of(
                         snapshot.operations,
                         [&](const SeriesView& one) { return asked.wants(one.ring, one.name); },
                         series(Judged::operation))},
      {"categories", array_of(snapshot.categories, series(Judged::not_at_all))},
      {"events", some_of(
                     snapshot.events, [&](const SeriesView& one) { return asked.wants(one.ring); },
                     series(Judged::not_at_all))},
      {"errors", some_of(
                     snapshot.errors,
                     [&](const ErrorStats& one) { return asked.wants(one.ring, one.operation); },
                     detail::json_error)},
      {"system", detail::json_system(snapshot)},
      {"security", detail::json_security(report)},
      {"failed_by_address", array_of(snapshot.failed_by_address, json_failed)},
      {"failed_by_account", array_of(snapshot.failed_by_account, json_failed)},
      {"resilience", detail::json_resilience(analysis.resilience)},
      {"databases", array_of(analysis.databases, detail::json_database)},
      {"regressions", detail::json_regressions(snapshot)},
      {"top", detail::json_parties(snapshot)},
      {"data_quality", json_quality(snapshot, asked)},
      {"thresholds", detail::json_thresholds(snapshot.thresholds)},
      {"quantile_min_samples", detail::json_min_samples()},
      {"histogram_schema", detail::json_histogram_schema()}};
}

}  // namespace

Answer answer_metrics(const Request& request, const Sources& sources) {
  Parameters parameters(request, {"window", "operation", "ring", "recent", "histograms"});
  MetricsAsked asked;
  if (const auto window = parameters.choice("window", kWindowNames))
    asked.parts.window = static_cast<Window>(*window);
  asked.operation = parameters.text("operation");
  asked.ring = parameters.text("ring", 400);
  asked.parts.last = parameters.number("recent", 0, 100).value_or(0);
  asked.parts.histograms = parameters.flag("histograms").value_or(false);
  if (parameters.wrong()) return *parameters.wrong();
  if (!sources.present) return not_known_yet(request);
  const Snapshot& snapshot = sources.present->snapshot();
  if (auto wrong = unknown_ring(request, snapshot, asked.ring)) return *wrong;
  const bool there =
      std::any_of(snapshot.operations.begin(), snapshot.operations.end(),
                  [&](const SeriesView& one) { return asked.wants(one.ring, one.name); });
  if (asked.operation && !there) {
    std::vector<std::string> names;
    for (const SeriesView& one : snapshot.operations) {
      if (asked.wants(one.ring)) names.push_back(one.name);
    }
    return unknown_name(request, "unknown_operation", "operation", *asked.operation, names);
  }
  if (const auto kept = sources.present->found(asked.key()))
    return enveloped(request, sources, *kept);
  // With 256 operations and their last calls this takes most of a second.
  return Job{Job::Kind::reading, [request, sources, asked] {
               const auto made = sources.present->kept(asked.key(), [&] {
                 return json_text_of(metrics_of(sources.present->report(), asked));
               });
               return enveloped(request, sources, *made);
             }};
}

}  // namespace ringside::http
