// What was in force from a time on, as rows: configurations with their thresholds, what servers
// declare, builds. A row is written when it differs from the one before, so each holds until the
// next one of its key. Another build than the one before is a deploy, which gets a mark.
//
// The row with the latest time is the one that was written last, also after the clock was set back:
// rows of a later time than the one that is written are removed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "daemon/history/database.h"
#include "report/model/history.h"

namespace ringside {

// Remembers what stands last in the file: most batches say nothing new.
class InForceRows {
 public:
  void write(Database& database, const HistorySpan& batch);
  void forget();  // the file may hold something else

 private:
  void read_last(Database& database);
  void write_build(Database& database, const HistoryBuild& one);
  void write_declared(Database& database, const HistoryDeclared& one);

  bool read_ = false;
  std::optional<HistoryConfiguration> configuration_;
  std::map<std::string, HistoryBuild> builds_;                               // by ring
  std::map<std::pair<std::string, std::string>, HistoryDeclared> declared_;  // and operation
};

// Fills in what was in force between the two, by nanoseconds since the Unix epoch; `end_ns` is
// exclusive. `ring` empty: of all rings.
void read_in_force(Database& database, std::int64_t begin_ns, std::int64_t end_ns,
                   const std::string& ring, HistorySpan& span);

// Removes what was over before that time. What holds then stays, however old it is.
void remove_in_force_before(Database& database, std::int64_t wall_ns);

}  // namespace ringside
