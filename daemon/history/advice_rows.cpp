#include "daemon/history/advice_rows.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace ringside {
namespace {

constexpr std::int64_t kHourNs = 3'600'000'000'000;
constexpr std::int64_t kOpenNs = 48 * kHourNs;
constexpr std::int64_t kShownNs = 7 * 24 * kHourNs;

double storable(double figure) { return std::isfinite(figure) ? figure : 0; }

// When the latest advice of that key was first given. 0: there is none that is open.
std::int64_t open_since(Database& database, const AdviceLook& look) {
  auto row = database.query(
      "SELECT first_ns, last_ns FROM advice WHERE kind = ? AND ring = ? AND subject = ?"
      " ORDER BY first_ns DESC LIMIT 1");
  row.bind(name_of(look.key.kind)).bind(look.key.ring).bind(look.key.subject);
  if (!row.row()) return 0;
  const std::int64_t first_ns = row.integer();
  return look.wall_ns - row.integer() <= kOpenNs ? first_ns : 0;
}

void begin_advice(Database& database, const AdviceLook& look) {
  auto row = database.query(
      "INSERT OR REPLACE INTO advice VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?6, 0, 0, 0, 0, ?7, ?8,"
      " ?9)");
  row.bind(name_of(look.key.kind)).bind(look.key.ring).bind(look.key.subject).bind(look.wall_ns);
  row.bind(name_of(unit_of(look.key.kind))).bind(storable(look.figure));
  row.bind(look.what).bind(look.evidence).bind(look.gain).run();
}

void give_again(Database& database, const AdviceLook& look, std::int64_t first_ns) {
  auto row = database.query(
      "UPDATE advice SET last_ns = MAX(last_ns, ?), last_figure = ?, absent_since_ns = 0,"
      " absent_ns = 0, absent_looks = 0, absent_figure = 0, what = ?, evidence = ?, gain = ?"
      " WHERE kind = ? AND ring = ? AND subject = ? AND first_ns = ?");
  row.bind(look.wall_ns).bind(storable(look.figure));
  row.bind(look.what).bind(look.evidence).bind(look.gain);
  row.bind(name_of(look.key.kind)).bind(look.key.ring).bind(look.key.subject).bind(first_ns).run();
}

void note_absence(Database& database, const AdviceLook& look, std::int64_t first_ns) {
  auto row = database.query(
      "UPDATE advice SET absent_since_ns = CASE absent_looks WHEN 0 THEN ?1 ELSE absent_since_ns"
      " END, absent_ns = MAX(absent_ns, ?1), absent_looks = absent_looks + 1, absent_figure = ?2"
      " WHERE kind = ?3 AND ring = ?4 AND subject = ?5 AND first_ns = ?6");
  row.bind(look.wall_ns).bind(storable(look.figure));
  row.bind(name_of(look.key.kind)).bind(look.key.ring).bind(look.key.subject).bind(first_ns).run();
}

// What may have ended an advice: other code or settings of the server; of a threshold or of lost
// records, of the daemon, too.
bool may_end(AdviceKind advice, std::string_view mark) {
  if (mark == "deploy" || mark == "server_start") return true;
  const bool of_daemon =
      advice == AdviceKind::tight || advice == AdviceKind::loose || advice == AdviceKind::capacity;
  return of_daemon && (mark == "reload" || mark == "daemon_start");
}

// A look sees an hour, so what ended the advice may lie an hour before it was last given. What lies
// before it was first given may have caused it. A deploy says more than the start that comes with
// it.
void find_change(Database& database, HistoryAdvice& advice) {
  auto row = database.query(
      "SELECT wall_ns, kind, text FROM marks WHERE wall_ns >= ?1 AND wall_ns <= ?2"
      " AND (?3 = '' OR ring IN (?3, '')) ORDER BY kind = 'deploy' DESC, wall_ns DESC");
  row.bind(std::max(advice.first_ns, advice.last_ns - kHourNs))
      .bind(advice.absent_since_ns)
      .bind(advice.key.ring);
  while (row.row()) {
    AdviceChange change;
    change.wall_ns = row.integer();
    change.kind = row.text();
    change.text = row.text();
    if (!may_end(advice.key.kind, change.kind)) continue;
    advice.change = std::move(change);
    return;
  }
}

bool take_kind(std::string_view name, AdviceKind* kind) {
  const auto at = std::find(kAdviceKindNames.begin(), kAdviceKindNames.end(), name);
  if (at == kAdviceKindNames.end()) return false;
  *kind = static_cast<AdviceKind>(at - kAdviceKindNames.begin());
  return true;
}

}  // namespace

void write_advice(Database& database, const std::vector<AdviceLook>& looks) {
  for (const AdviceLook& look : looks) {
    const std::int64_t first_ns = open_since(database, look);
    if (look.said) {
      first_ns == 0 ? begin_advice(database, look) : give_again(database, look, first_ns);
    } else if (first_ns != 0) {
      note_absence(database, look, first_ns);
    }
  }
}

std::vector<AdviceKey> open_advice(Database& database, std::int64_t wall_ns) {
  auto row = database.query(
      "SELECT DISTINCT kind, ring, subject FROM advice WHERE last_ns >= ? ORDER BY kind, ring,"
      " subject");
  row.bind(wall_ns - kOpenNs);
  std::vector<AdviceKey> keys;
  while (row.row()) {
    AdviceKey key;
    const bool known = take_kind(row.text(), &key.kind);
    key.ring = row.text();
    key.subject = row.text();
    if (known) keys.push_back(std::move(key));
  }
  return keys;
}

std::vector<HistoryAdvice> read_advice(Database& database, std::int64_t begin_ns,
                                       std::int64_t end_ns, const std::string& ring) {
  std::vector<HistoryAdvice> list;
  {
    auto row = database.query(
        "SELECT kind, ring, subject, first_ns, last_ns, first_figure, last_figure, absent_looks,"
        " absent_since_ns, absent_ns, absent_figure, what, evidence, gain FROM advice"
        " WHERE first_ns < ?2 AND MAX(last_ns, absent_ns) >= ?1 AND (?3 = '' OR ring = ?3)"
        " ORDER BY first_ns, kind, ring, subject");
    row.bind(begin_ns - std::min(kShownNs, begin_ns)).bind(end_ns).bind(ring);
    while (row.row()) {
      HistoryAdvice advice;
      const bool known = take_kind(row.text(), &advice.key.kind);
      advice.key.ring = row.text();
      advice.key.subject = row.text();
      advice.first_ns = row.integer();
      advice.last_ns = row.integer();
      advice.first_figure = row.real();
      advice.last_figure = row.real();
      advice.absent_looks = row.count();
      advice.absent_since_ns = row.integer();
      advice.absent_ns = row.integer();
      advice.absent_figure = row.real();
      advice.what = row.text();
      advice.evidence = row.text();
      advice.gain = row.text();
      if (known) list.push_back(std::move(advice));
    }
  }
  for (HistoryAdvice& advice : list) {
    if (advice.absent_looks >= kLooksUntilOver) find_change(database, advice);
  }
  return list;
}

void remove_advice_before(Database& database, std::int64_t wall_ns) {
  database.query("DELETE FROM advice WHERE MAX(last_ns, absent_ns) < ?").bind(wall_ns).run();
}

}  // namespace ringside
