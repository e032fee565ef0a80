// Reads a span out of an open history, in the transaction that its caller has begun.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "daemon/history/database.h"
#include "daemon/history/history_reader.h"
#include "report/model/history.h"

namespace ringside {

// Used once. Throws DatabaseError.
class SpanReader {
 public:
  SpanReader(Database& database, const HistoryQuery& query);
  HistorySpan read();

 private:
  bool wanted(const std::string& ring) const { return query_.ring.empty() || ring == query_.ring; }
  std::int64_t begin_of(std::int64_t begin) const;
  std::uint32_t seconds() const { return hours_ ? 3600 : 60; }
  void note_rolled();
  void read_rings();
  void read_series();
  void read_ring_slots(const char* sql);
  void read_slots(const char* sql);
  void read_errors(const char* sql);
  void read_samples(const char* sql);
  void read_gauges();
  void read_error_names();
  void finish();
  void note_observed(HistorySeries& series) const;

  Database& database_;
  const HistoryQuery& query_;
  bool hours_ = false;
  HistorySpan span_;
  std::set<std::int64_t> rolled_;
  std::map<std::int64_t, std::string> ring_names_;
  std::map<std::int64_t, HistoryRing> rings_;
  std::map<std::int64_t, HistorySeries> series_;
  std::map<std::int64_t, HistoryGauge> gauges_;
};

}  // namespace ringside
