// The database, as far as a server tells of it.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/alerts/readings.h"
#include "report/model/format.h"
#include "report/model/names.h"

namespace ringside {

void Readings::database(const RingView& ring, const SeriesView& all) {
  Reading& rollbacks =
      add(AlertType::database_issue, "rollbacks", alerts_.rollback_percent, AlertUnit::percent);
  rollbacks.ring = ring.name;
  rollbacks.text = "no transaction in the last 5 minutes";
  if (const SeriesView* transactions = event(ring, names::kDbTransaction)) {
    const WindowStats& window = failures(rollbacks, *transactions);
    if (window.count() > 0) {
      rollbacks.text = fmt::format("{} of {} transactions were rolled back in {} ({})",
                                   format_count(window.errors), format_count(window.count()), told_,
                                   format_percent(*rollbacks.value / 100));
    }
  }

  database_errors(ring, all);
  per_minute(ring, AlertType::database_issue, "slow_queries", names::kSlowQuery,
             alerts_.slow_queries_per_minute, "slow query", "slow queries");
}

// An attempt that has waited for a lock until it gave up is repeated, and says so.
void Readings::lock_waits(const RingView& ring) {
  per_minute(ring, AlertType::database_issue, "lock_waits", names::kRetry,
             alerts_.lock_waits_per_minute, "attempt waited for a lock in vain",
             "attempts waited for a lock in vain");
}

void Readings::transaction_time(const RingView& ring) {
  const SeriesView* transactions = event(ring, names::kDbTransaction);
  if (transactions == nullptr) return;
  Reading& r =
      add(AlertType::database_issue, "transaction_time", alerts_.transaction_ms, AlertUnit::ms);
  r.ring = ring.name;
  const std::size_t told = judge_slow(r, *transactions);
  tell_p95(r, *transactions, told, "transactions");
}

void Readings::database_errors(const RingView& ring, const SeriesView& all) {
  Reading& errors =
      add(AlertType::database_issue, "errors", alerts_.database_error_percent, AlertUnit::percent);
  errors.ring = ring.name;
  errors.judged = true;
  Share minute{0, all.window(Window::minute).count()};
  std::uint64_t since_start = 0;
  for (const ErrorStats& error : s_.errors) {
    if (error.ring != ring.name || !error.name.starts_with("DATABASE_")) continue;
    minute.over += error.count[static_cast<std::size_t>(Window::minute)];
    since_start += error.count[static_cast<std::size_t>(Window::since_start)];
  }
  now_[ring.name].database_errors = since_start;
  const RuleMemory::Ring* before = before_of(ring);
  const Share fresh{before == nullptr ? 0 : added_to(before->database_errors, since_start),
                    all.last_5s.count()};
  errors.value = minute.value() * 100;
  errors.idle = fresh.of == 0 && minute.of > 0;
  for (std::size_t i = 0; i < kAlertLevels; ++i) {
    const auto& bounds = errors.levels.bounds[i];
    if (!bounds) continue;
    if (fresh.value() * 100 >= bounds->raise && wilson_low(minute, z_) * 100 >= bounds->raise)
      errors.reached = static_cast<AlertLevel>(i);
    errors.below[i] = fresh.value() * 100 < bounds->clear;
  }
  errors.text = fmt::format("{} of {} calls failed with a DATABASE_ error in the last minute ({})",
                            format_count(minute.over), format_count(minute.of),
                            format_percent(minute.value()));
}

}  // namespace ringside
