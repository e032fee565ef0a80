#include "daemon/history/span_reader.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "daemon/history/advice_rows.h"
#include "daemon/history/alert_rows.h"
#include "daemon/history/in_force_rows.h"
#include "daemon/history/mark_rows.h"
#include "daemon/history/slots.h"
#include "daemon/history/spans.h"
#include "report/model/sums.h"

namespace ringside {
namespace {

std::int64_t floor_hour(std::int64_t wall_s) { return floor_to(wall_s, kHourS); }

RecordOutcome outcome_of(std::string_view name) {
  return outcome_from(static_cast<std::uint64_t>(
      std::find(kOutcomeNames.begin(), kOutcomeNames.end(), name) - kOutcomeNames.begin()));
}

}  // namespace

std::int64_t SpanReader::begin_of(std::int64_t begin) const {
  return hours_ ? floor_hour(begin) : begin;
}

SpanReader::SpanReader(Database& database, const HistoryQuery& query)
    : database_(database), query_(query) {
  span_.begin_wall_s = query.begin_wall_s;
  span_.end_wall_s = std::max(query.begin_wall_s, query.end_wall_s);
  hours_ = query.slots == HistoryQuery::Slots::hours;
  if (hours_) {
    span_.begin_wall_s = floor_hour(span_.begin_wall_s);
    span_.end_wall_s = floor_hour(span_.end_wall_s);
  }
}

HistorySpan SpanReader::read() {
  read_rings();
  read_series();
  const bool series = !series_.empty();
  if (hours_) {
    read_ring_slots(
        "SELECT begin, ring, again, observed_ms, lost FROM ring_hours"
        " WHERE begin >= ? AND begin < ? ORDER BY begin, ring, again");
    if (series)
      read_slots("SELECT begin, series, again, " RINGSIDE_SLOT_COLUMNS
                 " FROM hours WHERE begin >= ? AND begin < ? ORDER BY begin, series, again");
    if (series)
      read_errors(
          "SELECT begin, series, again, code, outcome, count FROM hour_errors"
          " WHERE begin >= ? AND begin < ? ORDER BY begin, series, again, code, outcome");
    read_samples(
        "SELECT begin, gauge, last, min, max FROM hour_samples"
        " WHERE begin >= ? AND begin < ? ORDER BY begin, gauge");
    note_rolled();
  }
  read_ring_slots(
      "SELECT begin, ring, again, observed_ms, lost FROM ring_minutes"
      " WHERE begin >= ? AND begin < ? ORDER BY begin, ring, again");
  if (series)
    read_slots("SELECT begin, series, again, " RINGSIDE_SLOT_COLUMNS
               " FROM minutes WHERE begin >= ? AND begin < ? ORDER BY begin, series, again");
  if (series)
    read_errors(
        "SELECT begin, series, again, code, outcome, count FROM minute_errors"
        " WHERE begin >= ? AND begin < ? ORDER BY begin, series, again, code, outcome");
  read_samples(
      "SELECT begin, gauge, last, min, max FROM minute_samples"
      " WHERE begin >= ? AND begin < ? ORDER BY begin, gauge");
  const std::int64_t begin_ns = span_.begin_wall_s * kNsPerSecond;
  const std::int64_t end_ns = span_.end_wall_s * kNsPerSecond;
  span_.incidents = read_incidents(database_, begin_ns, end_ns, query_.ring);
  span_.transitions = read_transitions(database_, begin_ns, end_ns, query_.ring);
  read_marks(database_, begin_ns, end_ns, query_.ring, span_);
  read_in_force(database_, begin_ns, end_ns, query_.ring, span_);
  span_.advice = read_advice(database_, begin_ns, end_ns, query_.ring);
  read_error_names();
  finish();
  return std::move(span_);
}

// The minutes of these hours are counted already.
void SpanReader::note_rolled() {
  for (const auto& [id, ring] : rings_) {
    for (const HistoryRingSlot& slot : ring.slots) rolled_.insert(slot.begin_wall_s);
  }
  for (const auto& [id, gauge] : gauges_) {
    for (const HistorySample& sample : gauge.samples) rolled_.insert(sample.begin_wall_s);
  }
}

void SpanReader::read_rings() {
  auto row = database_.query("SELECT id, name FROM rings ORDER BY name");
  while (row.row()) {
    const std::int64_t id = row.integer();
    ring_names_[id] = row.text();
  }
}

void SpanReader::read_series() {
  if (!query_.series) return;
  auto row = database_.query(
      "SELECT id, ring, event, name, category, waits_for_client, stage1, stage2, stage3, stage4,"
      " stage5, stage6 FROM series");
  while (row.row()) {
    const std::int64_t id = row.integer();
    HistorySeries series;
    series.ring = ring_names_[row.integer()];
    series.event = row.integer() != 0;
    series.name = row.text();
    series.category = row.text();
    series.waits_for_client = row.integer() != 0;
    for (std::string& stage : series.stage_names) stage = row.text();
    if (wanted(series.ring) && (query_.name.empty() || query_.name == series.name))
      series_[id] = std::move(series);
  }
}

void SpanReader::read_ring_slots(const char* sql) {
  auto row = database_.query(sql);
  row.bind(span_.begin_wall_s).bind(span_.end_wall_s);
  while (row.row()) {
    HistoryRingSlot slot;
    slot.begin_wall_s = begin_of(row.integer());
    if (rolled_.contains(slot.begin_wall_s)) continue;
    const std::int64_t ring = row.integer();
    slot.again = hours_ ? (row.integer(), 0U) : static_cast<std::uint32_t>(row.integer());
    slot.seconds = seconds();
    slot.observed_seconds = static_cast<double>(row.integer()) / 1000;
    slot.lost = row.count();
    const std::string& name = ring_names_[ring];
    if (!wanted(name)) continue;
    HistoryRing& of = rings_[ring];
    of.ring = name;
    if (hours_ && !of.slots.empty() && of.slots.back().begin_wall_s == slot.begin_wall_s) {
      of.slots.back().observed_seconds += slot.observed_seconds;
      of.slots.back().lost += slot.lost;
    } else {
      of.slots.push_back(slot);
    }
  }
}

void SpanReader::read_slots(const char* sql) {
  auto row = database_.query(sql);
  row.bind(span_.begin_wall_s).bind(span_.end_wall_s);
  while (row.row()) {
    HistorySlot slot;
    slot.begin_wall_s = begin_of(row.integer());
    if (rolled_.contains(slot.begin_wall_s)) continue;
    const auto at = series_.find(row.integer());
    if (at == series_.end()) continue;
    slot.again = hours_ ? (row.integer(), 0U) : static_cast<std::uint32_t>(row.integer());
    slot.seconds = seconds();
    read_slot(row, slot);
    auto& slots = at->second.slots;
    if (hours_ && !slots.empty() && slots.back().begin_wall_s == slot.begin_wall_s) {
      add_slot(slots.back(), slot);
    } else {
      slots.push_back(std::move(slot));
    }
  }
}

// The slots of these errors have been read.
void SpanReader::read_errors(const char* sql) {
  auto row = database_.query(sql);
  row.bind(span_.begin_wall_s).bind(span_.end_wall_s);
  while (row.row()) {
    const std::int64_t of = begin_of(row.integer());
    if (rolled_.contains(of)) continue;
    const auto series = series_.find(row.integer());
    if (series == series_.end()) continue;
    const auto again = hours_ ? (row.integer(), 0U) : static_cast<std::uint32_t>(row.integer());
    HistorySlot error;
    HistoryError& one = error.errors.emplace_back();
    one.code = static_cast<std::uint16_t>(row.integer());
    one.outcome = outcome_of(row.text());
    one.count = row.count();
    auto& slots = series->second.slots;
    const auto at = std::lower_bound(slots.begin(), slots.end(), std::pair{of, again},
                                     [](const auto& slot, const auto& key) {
                                       return std::pair{slot.begin_wall_s, slot.again} < key;
                                     });
    if (at != slots.end() && at->begin_wall_s == of && at->again == again) add_slot(*at, error);
  }
}

void SpanReader::read_samples(const char* sql) {
  if (gauges_.empty()) read_gauges();
  auto row = database_.query(sql);
  row.bind(span_.begin_wall_s).bind(span_.end_wall_s);
  while (row.row()) {
    HistorySample sample;
    sample.begin_wall_s = begin_of(row.integer());
    if (rolled_.contains(sample.begin_wall_s)) continue;
    const auto at = gauges_.find(row.integer());
    if (at == gauges_.end()) continue;
    sample.last = row.integer();
    sample.min = row.integer();
    sample.max = row.integer();
    auto& samples = at->second.samples;
    if (!samples.empty() && samples.back().begin_wall_s == sample.begin_wall_s) {
      samples.back().last = sample.last;
      samples.back().min = std::min(samples.back().min, sample.min);
      samples.back().max = std::max(samples.back().max, sample.max);
    } else {
      samples.push_back(sample);
    }
  }
}

void SpanReader::read_gauges() {
  auto row = database_.query("SELECT id, ring, name FROM gauges");
  while (row.row()) {
    const std::int64_t id = row.integer();
    HistoryGauge gauge;
    gauge.ring = ring_names_[row.integer()];
    gauge.name = row.text();
    if (gauge.ring.empty() || wanted(gauge.ring)) gauges_[id] = std::move(gauge);
  }
}

void SpanReader::read_error_names() {
  auto row = database_.query("SELECT ring, code, name FROM error_names");
  while (row.row()) {
    HistoryErrorName name;
    name.ring = ring_names_[row.integer()];
    name.code = static_cast<std::uint16_t>(row.integer());
    name.name = row.text();
    if (wanted(name.ring)) span_.error_names.push_back(std::move(name));
  }
  std::sort(span_.error_names.begin(), span_.error_names.end(),
            [](const HistoryErrorName& a, const HistoryErrorName& b) {
              return std::tie(a.ring, a.code) < std::tie(b.ring, b.code);
            });
}

// Operations come first, then events; by ring and name.
void SpanReader::finish() {
  for (auto& [id, ring] : rings_) span_.rings.push_back(std::move(ring));
  for (auto& [id, series] : series_) {
    if (!series.slots.empty()) span_.series.push_back(std::move(series));
  }
  for (auto& [id, gauge] : gauges_) {
    if (!gauge.samples.empty()) span_.gauges.push_back(std::move(gauge));
  }
  std::sort(span_.rings.begin(), span_.rings.end(),
            [](const HistoryRing& a, const HistoryRing& b) { return a.ring < b.ring; });
  std::sort(span_.series.begin(), span_.series.end(),
            [](const HistorySeries& a, const HistorySeries& b) {
              return std::tie(a.event, a.ring, a.name) < std::tie(b.event, b.ring, b.name);
            });
  std::sort(span_.gauges.begin(), span_.gauges.end(),
            [](const HistoryGauge& a, const HistoryGauge& b) {
              return std::tie(a.ring, a.name) < std::tie(b.ring, b.name);
            });
  for (HistorySeries& series : span_.series) note_observed(series);
}

void SpanReader::note_observed(HistorySeries& series) const {
  const auto ring = std::find_if(span_.rings.begin(), span_.rings.end(),
                                 [&](const HistoryRing& one) { return one.ring == series.ring; });
  if (ring == span_.rings.end()) return;
  auto at = ring->slots.begin();
  for (HistorySlot& slot : series.slots) {
    const auto before = [&](const HistoryRingSlot& one) {
      return std::pair{one.begin_wall_s, one.again} < std::pair{slot.begin_wall_s, slot.again};
    };
    while (at != ring->slots.end() && before(*at)) ++at;
    if (at != ring->slots.end() && at->begin_wall_s == slot.begin_wall_s &&
        at->again == slot.again) {
      slot.observed_seconds = at->observed_seconds;
    }
  }
}

}  // namespace ringside
