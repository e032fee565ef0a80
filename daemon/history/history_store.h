// The history file, as its one writer uses it.
//
//   write     a batch in one transaction: whole, or nothing of it
//   tidy      hours out of minutes, old hours made coarser, what is too old or too much removed
//
// A minute may come again: with records that arrived late, or from a daemon that was killed and
// reads its last minutes anew. The row that has counted more stays. So no minute counts twice.
//
// An hour is made of its minutes when none of them can change any more, and again if one did. It
// is exact: counts and sums add up, buckets of the same index mean the same span.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "daemon/history/database.h"
#include "daemon/history/in_force_rows.h"
#include "report/model/advice.h"
#include "report/model/history.h"
#include "shm/failure.h"

namespace ringside {

struct HistoryLimits {
  std::int64_t keep_minutes_s = 48 * 3600;
  std::int64_t keep_hours_s = 90 * 86400;
  std::uint64_t max_bytes = std::uint64_t{256} << 20;  // of the file; its journal comes beside it
  friend bool operator==(const HistoryLimits&, const HistoryLimits&) = default;
};

class HistoryStore {
 public:
  // An hour is rolled up this long after its end: the metrics hand out no older minute.
  static constexpr std::int64_t kHourSettlesS = 62 * 60;
  // Hours older than this are kept at kCoarseSchema.
  static constexpr std::int64_t kFineHoursS = 7 * 86400;
  // The journal is cut to this at a checkpoint. Only a reader that stays can make it longer.
  static constexpr std::int64_t kJournalBytes = 4 << 20;
  static constexpr std::int64_t kLongJournalBytes = 32 << 20;

  // Opens the file, or makes it. A damaged file is moved aside to PATH.damaged, and `moved` is set
  // to its new name. On failure nothing is open; `passes` says whether it may pass by itself: the
  // disk is full, or somebody holds the file's lock.
  std::optional<Failure> open(const std::string& path, const HistoryLimits& limits,
                              std::string* moved, bool* passes = nullptr);
  bool is_open() const { return database_ != nullptr; }
  void close() { database_.reset(); }  // copies the journal into the file
  // Moves a file aside that turned out to be damaged, and opens a new one.
  std::optional<Failure> begin_anew(std::string* moved);
  void set_limits(const HistoryLimits& limits);

  // Throws DatabaseError; then nothing of them is in the file.
  void write(const HistorySpan& batch, const std::vector<AdviceLook>& looks = {});
  // What a look for advice at that time is to tell of. Throws DatabaseError.
  std::vector<AdviceKey> open_advice(std::int64_t wall_ns);

  // After a batch that tells all incidents that last: any other one is over.
  void end_untold_incidents(const std::vector<IncidentView>& told);

  // What went before its time, because the file was at its limit.
  struct Removed {
    std::int64_t before_wall_s = 0;  // everything before this; 0: nothing was removed
    bool hours = false;              // hours went, and not only minutes
  };
  // Does what is due at that time, in short transactions. Throws DatabaseError; what is done stays.
  Removed tidy(std::int64_t now_wall_s);

  // Of the journal file; a reader that stays makes it grow. checkpoint() tries to cut it.
  std::int64_t journal_bytes() const;
  bool checkpoint() { return database_->checkpoint(); }
  std::uint64_t used_bytes();

 private:
  std::int64_t ring_id(const std::string& name);
  std::int64_t series_id(const HistorySeries& series);
  std::int64_t gauge_id(const std::string& ring, const std::string& name);
  void forget_ids();
  void write_batch(const HistorySpan& batch);
  void write_slot(std::int64_t series, const HistorySlot& slot);
  void roll_up(std::int64_t begin_wall_s);
  void roll_up_due(std::int64_t now_wall_s);
  void make_coarser(std::int64_t now_wall_s);
  bool remove_minutes_before(std::int64_t wall_s);
  bool remove_hours_before(std::int64_t wall_s);
  bool remove_oldest(Removed& removed, std::int64_t now_wall_s);
  std::int64_t work(const char* name);
  void set_work(const char* name, std::int64_t value);

  std::string path_;
  HistoryLimits limits_;
  std::unique_ptr<Database> database_;
  std::map<std::string, std::int64_t> rings_;
  struct Known {
    std::int64_t id;
    std::vector<std::string> words;  // as they stand in the file
  };
  std::map<std::tuple<std::string, bool, std::string>, Known> series_;
  std::map<std::pair<std::string, std::string>, std::int64_t> gauges_;
  InForceRows in_force_;
};

}  // namespace ringside
