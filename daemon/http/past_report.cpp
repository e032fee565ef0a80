#include "daemon/http/past_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/history/baseline.h"
#include "daemon/history/history_reader.h"
#include "report/analysis/past_snapshot.h"
#include "report/model/format.h"

namespace ringside {
namespace {

using Kind = PastReportProblem::Kind;

std::string names_of(const HistorySpan& span) {
  std::string names;
  for (const HistorySeries& series : span.series) {
    if (!series.event) names += (names.empty() ? "" : ", ") + escape_visible(series.name);
  }
  return names.empty() ? "none" : names;
}

// Whole hours were read. The span is the one that was asked for, and what is reported is no part of
// it.
void keep_apart(const TimeSpan& other, const HistorySpan& reported, HistorySpan& then) {
  then.begin_wall_s = other.begin_wall_s;
  then.end_wall_s = other.end_wall_s;
  const auto reaches_in = [&](const auto& slot) {
    return slot.begin_wall_s < reported.end_wall_s &&
           slot.begin_wall_s + std::int64_t{slot.seconds} > reported.begin_wall_s;
  };
  for (HistoryRing& ring : then.rings) std::erase_if(ring.slots, reaches_in);
  std::erase_if(then.rings, [](const HistoryRing& ring) { return ring.slots.empty(); });
  for (HistorySeries& series : then.series) std::erase_if(series.slots, reaches_in);
  std::erase_if(then.series, [](const HistorySeries& series) { return series.slots.empty(); });
}

// One report's way. Each step returns whether it could be gone; if not, `problem` says why not.
class Reading {
 public:
  explicit Reading(const PastReportQuery& query) : query_(query) {}

  bool run() { return read_extent() && read_spans() && read_span() && read_comparison(); }

  PastReportProblem problem;
  std::unique_ptr<PastReport> report = std::make_unique<PastReport>();

 private:
  bool refuse(Kind kind, std::string text) {
    problem = {kind, std::move(text)};
    return false;
  }

  bool read_extent() {
    extent_ = history_extent(query_.history);
    if (extent_.failure) return refuse(Kind::failed, extent_.failure->message);
    if (extent_.last_wall_s != 0) return true;
    return refuse(
        Kind::nothing_recorded,
        query_.called + ": this history is empty\n  next: let the daemon run for a minute");
  }

  bool read_spans() {
    std::string why;
    AskedSpan asked{query_.called, query_.since, query_.until};
    asked.words = query_.words;
    const auto span = asked_span(asked, extent_, query_.now_wall_s, &why);
    if (!span) return refuse(Kind::span, std::move(why));
    asked_ = *span;
    return query_.compare_to.empty() || read_other_span();
  }

  bool read_baseline_span() {
    const BaselineResult result = read_baseline(query_.history);
    if (result.failure) return refuse(Kind::failed, result.failure->message);
    if (!result.baseline) {
      return refuse(Kind::no_baseline,
                    fmt::format("{0} baseline: {1} has none\n  next: ringside report {1} "
                                "--pin-baseline",
                                query_.words.compare_to, query_.called));
    }
    other_ = {result.baseline->begin_wall_s, result.baseline->end_wall_s};
    return true;
  }

  bool read_other_span() {
    if (query_.compare_to == "baseline") {
      if (!read_baseline_span()) return false;
    } else {
      std::string why;
      const auto span =
          compared_span(query_.compare_to, asked_, query_.now_wall_s, &why, query_.words);
      if (!span) return refuse(Kind::span, std::move(why));
      other_ = *span;
    }
    const std::string asked = other_text();
    if (other_.begin_wall_s < asked_.end_wall_s && asked_.begin_wall_s < other_.end_wall_s) {
      return refuse(Kind::span,
                    fmt::format("{}: it overlaps the span that is reported, {} to {}\n  next: "
                                "give one that ends before it, or a shorter one with {}",
                                asked, minute_text(asked_.begin_wall_s),
                                minute_text(asked_.end_wall_s), query_.words.since));
    }
    if (other_.begin_wall_s < extent_.end_wall_s && other_.end_wall_s > extent_.first_wall_s)
      return true;
    return refuse(
        Kind::span,
        fmt::format("{}: the history holds nothing of it, only {} to {}\n  next: give "
                    "one within",
                    asked, minute_text(extent_.first_wall_s), minute_text(extent_.end_wall_s)));
  }

  std::string other_text() const {
    return fmt::format("{} {} ({} to {})", query_.words.compare_to,
                       escape_visible(query_.compare_to), minute_text(other_.begin_wall_s),
                       minute_text(other_.end_wall_s));
  }

  HistoryResult read(const TimeSpan& span) const {
    HistoryQuery query = query_of(span, has_minutes(extent_, span.begin_wall_s));
    query.ring = query_.ring;
    return read_history(query_.history, query);
  }

  bool refuse_ring() {
    HistoryQuery query = query_of(asked_, has_minutes(extent_, asked_.begin_wall_s));
    std::string rings;
    for (const HistoryRing& ring : read_history(query_.history, query).span.rings)
      rings += (rings.empty() ? "" : ", ") + escape_visible(ring.ring);
    return refuse(Kind::unknown_ring,
                  fmt::format("{} '{}' is not in that span; it has: {}\n  next: name one of these",
                              query_.words.ring, escape_visible(query_.ring),
                              rings.empty() ? "none" : rings));
  }

  bool read_span() {
    HistoryResult result = read(asked_);
    if (result.failure) return refuse(Kind::failed, result.failure->message);
    HistorySpan& span = report->span = std::move(result.span);
    if (!query_.ring.empty() && span.rings.empty()) return refuse_ring();
    const std::string names = names_of(span);
    if (!query_.operation.empty() && !keep_only(query_.operation, span)) {
      return refuse(
          Kind::unknown_operation,
          fmt::format("{} '{}' is not in that span; it has: {}\n  next: name one of these",
                      query_.words.operation, escape_visible(query_.operation), names));
    }
    // The hour under way is not over.
    span.end_wall_s = std::min(span.end_wall_s, extent_.end_wall_s);
    report->snapshot = past_snapshot(span);
    return true;
  }

  bool read_comparison() {
    if (query_.compare_to.empty()) return true;
    HistoryResult result = read(other_);
    if (result.failure) return refuse(Kind::failed, result.failure->message);
    HistorySpan& then = result.span;
    keep_apart(other_, report->span, then);
    if (then.rings.empty()) {
      return refuse(
          Kind::span,
          fmt::format("{}: the history holds nothing of it: no daemon was running{}\n"
                      "  next: give another span",
                      other_text(), query_.ring.empty() ? "" : ", or that ring was not there"));
    }
    if (!query_.operation.empty()) keep_only(query_.operation, then);
    report->comparison = compare_spans(report->span, then);
    report->comparison->asked = query_.compare_to;
    return true;
  }

  const PastReportQuery& query_;
  HistoryExtent extent_;
  TimeSpan asked_;
  TimeSpan other_;
};

}  // namespace

std::variant<std::unique_ptr<const PastReport>, PastReportProblem> read_past_report(
    const PastReportQuery& query) {
  Reading reading(query);
  if (!reading.run()) return std::move(reading.problem);
  return std::unique_ptr<const PastReport>(std::move(reading.report));
}

}  // namespace ringside
