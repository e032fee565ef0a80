#include "daemon/history/mark_rows.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace ringside {
namespace {

void take_marks(Statement& row, std::vector<HistoryMark>& out) {
  while (row.row()) {
    HistoryMark mark;
    mark.wall_ns = row.integer();
    const std::string_view kind = row.text();
    const auto& names = HistoryMark::kKindNames;
    const auto at = std::find(names.begin(), names.end(), kind);
    mark.ring = row.text();
    mark.text = row.text();
    if (at == names.end()) continue;
    mark.kind = static_cast<HistoryMark::Kind>(at - names.begin());
    out.push_back(std::move(mark));
  }
}

}  // namespace

void write_mark(Database& database, const HistoryMark& mark) {
  if (mark.kind == HistoryMark::Kind::server_start || mark.kind == HistoryMark::Kind::server_end) {
    auto before = database.query("SELECT 1 FROM marks WHERE kind = ? AND ring = ? AND text = ?");
    if (before.bind(name_of(mark.kind)).bind(mark.ring).bind(mark.text).row()) return;
  }
  auto row = database.query("INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?)");
  row.bind(mark.wall_ns).bind(name_of(mark.kind)).bind(mark.ring).bind(mark.text).run();
}

void read_marks(Database& database, std::int64_t begin_ns, std::int64_t end_ns,
                const std::string& ring, HistorySpan& span) {
  auto row = database.query(
      "SELECT wall_ns, kind, ring, text FROM marks WHERE wall_ns >= ?1 AND wall_ns < ?2"
      " AND (?3 = '' OR ring IN (?3, '')) ORDER BY wall_ns, kind, ring");
  row.bind(begin_ns).bind(end_ns).bind(ring);
  take_marks(row, span.marks);
  auto before = database.query(
      "SELECT MAX(wall_ns), kind, ring, text FROM marks WHERE wall_ns < ?1"
      " AND (?2 = '' OR ring = ?2) AND kind IN ('server_start', 'server_end')"
      " GROUP BY ring ORDER BY ring");
  before.bind(begin_ns).bind(ring);
  take_marks(before, span.marks_before);
}

}  // namespace ringside
