// A report of any span of a history, as people ask for it: by a command line, or over HTTP.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "daemon/http/past_span.h"
#include "report/analysis/comparison.h"
#include "report/model/history.h"
#include "report/model/snapshot.h"

namespace ringside {

struct PastReportQuery {
  std::string history;       // the file
  std::string called;        // its name in messages
  std::string since, until;  // as past_span.h reads them; empty: the last eight hours that it holds
  std::string ring;          // only this one; empty: all
  std::string operation;     // the same; events stay
  std::string compare_to;    // another span (past_span.h), or "baseline"; empty: none
  std::int64_t now_wall_s = 0;
  SpanWords words{};
};

// What a Report is made of. It must outlive the Report.
struct PastReport {
  HistorySpan span;
  std::optional<Comparison> comparison;
  Snapshot snapshot;
};

struct PastReportProblem {
  enum class Kind : std::uint8_t {
    span,              // the asked span, or the one to compare with, is no span or has nothing
    nothing_recorded,  // the history is empty
    unknown_ring,
    unknown_operation,
    no_baseline,
    failed  // the file can't be read
  };
  Kind kind = Kind::failed;
  std::string text;  // what is wrong; perhaps a second line, "  next: ..."
};

// Reads the history, which may take seconds. Any thread.
std::variant<std::unique_ptr<const PastReport>, PastReportProblem> read_past_report(
    const PastReportQuery& query);

}  // namespace ringside
