// Adds records to a snapshot one by one, as the daemon does, so that all its figures agree.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>

#include "report/model/snapshot.h"
#include "tests/unit/report/sample.h"

namespace sample {

using namespace ringside;

class Builder {
 public:
  Builder() : random_(20241123) {}

  double uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  double normal() {  // Box-Muller: the standard's distributions differ between libraries
    return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(6.283185307179586 * uniform());
  }

  static SeriesView& series(std::vector<SeriesView>& list, const char* name, const char* category) {
    for (SeriesView& one : list) {
      if (one.name == name) return one;
    }
    SeriesView& made = list.emplace_back();
    made.name = name;
    made.ring = "chat";
    made.category = category;
    for (std::size_t w = 0; w < kWindows; ++w) made.windows[w].seconds = kSeconds[w];
    return made;
  }

  void count(SeriesView& series, const RecordView& record) {
    const std::int64_t end = record.start_wall_ns + record.duration_ns;
    for (std::size_t w = 0; w < kWindows; ++w) {
      if (static_cast<double>(kNow - end) > kSeconds[w] * 1e9) continue;
      WindowStats& stats = series.windows[w];
      const auto outcome = static_cast<std::size_t>(record.outcome);
      const auto span = static_cast<std::uint64_t>(record.duration_ns);
      ++stats.recorded;
      ++stats.outcomes[outcome];
      stats.errors += outcome == 1 || outcome == 2 ? 1 : 0;
      stats.refused += outcome >= 3 && outcome <= 5 ? 1 : 0;
      stats.min_ns = stats.timed == 0 ? span : std::min(stats.min_ns, span);
      ++stats.timed;
      stats.sum_ns += span;
      stats.max_ns = std::max(stats.max_ns, span);
      stats.value_sum += record.value;
      const int bucket = clamp_bucket(
          bucket_of(static_cast<LatencyUnits>(static_cast<double>(span) * kUnitsPerNs)));
      auto& buckets = stats.latency.buckets;
      const auto at = std::lower_bound(
          buckets.begin(), buckets.end(), bucket,
          [](const Histogram::Bucket& one, int index) { return one.index < index; });
      if (at != buckets.end() && at->index == bucket) {
        ++at->count;
      } else {
        buckets.insert(at, {static_cast<std::int16_t>(bucket), 1});
      }
      for (std::size_t s = 0; s < kStages; ++s) {
        if (record.stages_ns[s] == 0 || series.stage_names[s].empty()) continue;
        ++stats.stages[s].count;
        stats.stages[s].sum_ns += record.stages_ns[s];
        stats.stages[s].max_ns = std::max(stats.stages[s].max_ns, record.stages_ns[s]);
      }
    }
    ++series.server_count;
    ++series.books.written;
    ++series.books.read;
    if (record.outcome == RecordOutcome::error || record.outcome == RecordOutcome::timeout)
      ++series.server_errors;
    series.last.push_back(record);
  }

  void error(const RecordView& record) {
    const std::string key = record.operation + "/" + std::to_string(record.error);
    auto& entry = errors_[key];
    entry.code = record.error;
    entry.name = record.error_name;
    entry.ring = record.ring;
    entry.operation = record.operation;
    entry.outcome = record.outcome;
    const std::int64_t end = record.start_wall_ns + record.duration_ns;
    for (std::size_t w = 0; w < kWindows; ++w)
      entry.count[w] += static_cast<double>(kNow - end) <= kSeconds[w] * 1e9 ? 1 : 0;
    if (end > entry.last_wall_ns) {
      entry.last_wall_ns = end;
      entry.last_actor = record.actor;
    }
  }

  void operation(Snapshot& snapshot, RecordView record) {
    if (record.error != 0) error(record);
    for (SeriesView& one : snapshot.operations) {
      if (one.name != record.operation) continue;
      count(one, record);
      count(series(snapshot.categories, one.category.c_str(), ""), record);
      break;
    }
    count(snapshot.all, record);
    snapshot.slowest.push_back(record);
    auto& top = actors_[record.actor.id];
    top.party = record.actor;
    ++top.count;
    top.ring = record.ring;
    top.errors += is_failure(record.outcome) ? 1 : 0;
    top.refused += is_refusal(record.outcome) ? 1 : 0;
    top.time_ns += static_cast<std::uint64_t>(record.duration_ns);
  }

  void event(Snapshot& snapshot, const char* name, std::int64_t at, std::int64_t span,
             RecordOutcome outcome, std::int64_t value, Party actor, Party subject = {}) {
    RecordView record;
    record.operation = name;
    record.start_wall_ns = at - span;
    record.duration_ns = span;
    record.outcome = outcome;
    record.value = value;
    record.actor = std::move(actor);
    record.subject = std::move(subject);
    record.ring = "chat";
    count(series(snapshot.events, name, ""), record);
  }

  void finish(Snapshot& snapshot) {
    const auto latest = [](SeriesView& series) {
      std::stable_sort(series.last.begin(), series.last.end(),
                       [](const RecordView& a, const RecordView& b) {
                         return a.start_wall_ns + a.duration_ns > b.start_wall_ns + b.duration_ns;
                       });
      if (series.last.size() > 100) series.last.resize(100);
    };
    for (auto* list : {&snapshot.operations, &snapshot.events, &snapshot.categories}) {
      for (SeriesView& series : *list) latest(series);
    }
    latest(snapshot.all);
    std::stable_sort(
        snapshot.slowest.begin(), snapshot.slowest.end(),
        [](const RecordView& a, const RecordView& b) { return a.duration_ns > b.duration_ns; });
    snapshot.slowest.resize(std::min<std::size_t>(snapshot.slowest.size(), 20));
    snapshot.slowest_since_start = snapshot.slowest;
    snapshot.parties_seconds = 843;
    for (auto& [key, entry] : errors_) snapshot.errors.push_back(entry);
    std::stable_sort(
        snapshot.errors.begin(), snapshot.errors.end(),
        [](const ErrorStats& a, const ErrorStats& b) { return a.count[3] > b.count[3]; });
    for (auto& [id, entry] : actors_) {
      snapshot.actors_by_time.push_back(entry);
      if (entry.errors + entry.refused > 0) snapshot.actors_by_errors.push_back(entry);
    }
    const auto rank = [](std::vector<TopEntry>& list, auto key) {
      std::stable_sort(list.begin(), list.end(),
                       [&](const TopEntry& a, const TopEntry& b) { return a.*key > b.*key; });
      list.resize(std::min<std::size_t>(list.size(), 20));
    };
    rank(snapshot.actors_by_time, &TopEntry::time_ns);
    rank(snapshot.actors_by_errors, &TopEntry::errors);
    std::uint64_t records = 0;
    for (auto* list : {&snapshot.operations, &snapshot.events}) {
      for (SeriesView& series : *list) records += series.books.read;
    }
    snapshot.books = {records, records, 0, 0, 0};
    snapshot.rings[0].books = snapshot.books;
    // The records are shared among four worker threads. The shared lane has a few of another
    // thread.
    const std::uint64_t parts[5] = {records / 3, records / 4, records / 5, 0, 1};
    std::uint64_t rest = records;
    for (std::uint32_t l = 0; l < 5; ++l) {
      LaneView lane;
      lane.ring = "chat";
      lane.lane = l == 4 ? 64 : l;
      lane.overflow = l == 4;
      lane.state = LaneView::State::owned;
      lane.pid = 4242;
      lane.tid = l == 4 ? 0 : 4250 + l;
      lane.thread = l == 3 ? "chatd-db" : "chatd-io-" + std::to_string(l);
      lane.generation = 1;
      const std::uint64_t own = l == 4 ? rest : parts[l];
      lane.books = {own, own, 0, 0, 0};
      if (l == 3) {
        lane.books.written = lane.books.read = rest - 1;
        rest = 1;
      } else {
        rest -= own;
      }
      snapshot.lanes.push_back(lane);
    }
  }

  static constexpr double kSeconds[kWindows] = {843, 60, 300, 843};

 private:
  std::mt19937_64 random_;
  std::map<std::string, ErrorStats> errors_;
  std::map<std::uint64_t, TopEntry> actors_;
};

}  // namespace sample
