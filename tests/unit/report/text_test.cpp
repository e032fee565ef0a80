#include "report/render/text.h"

#include <doctest/doctest.h>

#include <sstream>

#include "report/model/format.h"
#include "tests/unit/report/sample.h"

using namespace ringside;

namespace {

std::string text_of(const Snapshot& snapshot, const TextOptions& options = {}) {
  return render_text(Report(snapshot), options);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool text_has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// A quiet night, too, section by section.
const TextOptions kWhole = {.limits = {.whole = true}};

constexpr const char* kSections[] = {"VERDICT",
                                     "INCIDENTS AND ALERTS",
                                     "OPERATIONS",
                                     "ERRORS AND WHAT TO DO ABOUT THEM",
                                     "SECURITY",
                                     "BOTTLENECKS",
                                     "OPTIMISATION SUGGESTIONS",
                                     "REGRESSIONS",
                                     "TRENDS",
                                     "OVERVIEW AND DATA QUALITY",
                                     "CONFIGURATION IN FORCE"};

void check_sections(const std::string& text) {
  std::size_t at = 0;
  for (const char* section : kSections) {
    const std::size_t found = text.find(std::string("\n━━ ") + section, at);
    CAPTURE(section);
    REQUIRE(found != std::string::npos);
    at = found + 1;
  }
}

void check_width(const std::string& text, std::size_t width) {
  for (const std::string& line : lines_of(text)) {
    CAPTURE(line);
    CHECK(display_width(line) <= width);
    CHECK((line.empty() || line.back() != ' '));
  }
}

}  // namespace

TEST_CASE("Text: the sections stand in their order, within 100 columns") {
  for (const Snapshot& snapshot : {sample::busy(), sample::calm(), sample::hostile(), Snapshot{}}) {
    const std::string text = text_of(snapshot, kWhole);
    check_sections(text);
    check_width(text, 100);
    CHECK(text.back() == '\n');
  }
}

TEST_CASE("Text: the same snapshot gives the same text") {
  CHECK(text_of(sample::busy()) == text_of(sample::busy()));
}

TEST_CASE("Text: the books are stated, and said to be wrong when they are") {
  Snapshot snapshot = sample::busy();
  const std::string balanced = "written " + format_count(snapshot.books.written) + " = read " +
                               format_count(snapshot.books.read) + " + lost 0";
  CHECK(text_has(text_of(snapshot), balanced));
  snapshot.books.written += 5;
  const std::string text = text_of(snapshot);
  CHECK(text_has(text, " ≠ read "));
  CHECK(text_has(text, "DO NOT BALANCE"));
  CHECK(text_has(text, "VERDICT: BLIND"));
}

TEST_CASE("Text: each operation's row has its count and rate, its last hundred and its books") {
  const Snapshot snapshot = sample::busy();
  const std::string text = text_of(snapshot);
  for (const SeriesView& series : snapshot.operations) {
    if (series.server_count == 0) continue;
    int rows = 0;
    for (const std::string& line : lines_of(text)) {
      if (line.rfind("  " + series.name + " ", 0) == 0 &&
          text_has(line, " " + format_count(series.server_count)))
        ++rows;
    }
    CAPTURE(series.name);
    CHECK(rows >= 2);
  }
  CHECK(text_has(
      text, "Registered, not seen so far: 2 operations (LIST_INVITATIONS, THREADED_REPLIES)."));
}

TEST_CASE("Text: quantiles of the last records are exact, by nearest rank") {
  Snapshot snapshot;
  SeriesView series;
  series.name = "SEND_MESSAGE";
  series.server_count = 10;
  for (std::int64_t i = 1; i <= 10; ++i) {
    RecordView record;
    record.duration_ns = i * 1'111'000;
    record.outcome = i == 1 ? RecordOutcome::timeout : RecordOutcome::ok;
    series.last.push_back(record);
  }
  snapshot.operations.push_back(series);
  const std::string text = text_of(snapshot);
  bool found = false;
  for (const std::string& line : lines_of(text)) {
    // 5.55 ms is the 5th. Below, p90 is the 9th and max the 10th.
    if (text_has(line, "SEND_MESSAGE") && text_has(line, "5.55 ms")) {
      found = true;
      CHECK(text_has(line, "10.0 ms"));
      CHECK(text_has(line, "11.1 ms"));
    }
  }
  CHECK(found);
}

TEST_CASE("Text: a quantile is not shown from too few values") {
  Snapshot snapshot;
  SeriesView series;
  series.name = "SEND_MESSAGE";
  WindowStats& stats = series.windows[3];
  stats.recorded = stats.timed = 9;
  stats.seconds = 3600;
  stats.min_ns = 999'000;
  stats.max_ns = 1'001'000;
  stats.sum_ns = 9'000'000;
  stats.latency.buckets.push_back({static_cast<std::int16_t>(bucket_of(274'877'906)), 9});
  series.windows[0] = stats;
  snapshot.operations.push_back(series);
  snapshot.all = series;
  CHECK(text_has(text_of(snapshot), "  SEND_MESSAGE  999 µs  1.00 ms  –    "));
  snapshot.operations[0].windows[3].timed =
      snapshot.operations[0].windows[3].latency.buckets[0].count = 10;
  CHECK_FALSE(text_has(text_of(snapshot), "  SEND_MESSAGE  999 µs  1.00 ms  –    "));
}

TEST_CASE("Text: foreign text cannot inject") {
  const std::string text = text_of(sample::hostile());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    REQUIRE((byte >= 0x20 || c == '\n'));
    REQUIRE(byte != 0x7f);
  }
  CHECK_FALSE(text_has(text, "\xc2\x9b"));
  CHECK_FALSE(text_has(text, "\u202e"));
  CHECK_FALSE(text_has(text, "\u2028"));
  CHECK_FALSE(text_has(text, "\xff"));
  int verdicts = 0;
  for (const std::string& line : lines_of(text))
    verdicts += line.rfind("━━ VERDICT", 0) == 0 ? 1 : 0;
  CHECK(verdicts == 1);
  for (const std::string& line : lines_of(text)) CHECK(line.rfind("VERDICT", 0) != 0);
}

TEST_CASE("Text: an empty snapshot says in each section that there is nothing") {
  const std::string text = text_of(Snapshot{});
  CHECK(text_has(text, "VERDICT: BLIND"));
  CHECK(text_has(text, "No ring is watched."));
  CHECK(text_has(text, "No operation has been seen."));
  CHECK(text_has(text, "None has been seen."));
  CHECK(text_has(text, "No alert has been raised."));
  CHECK(text_has(text, "The daemon keeps no history (history.enabled)"));
  CHECK(text_has(text, "No timed operation was seen."));
  CHECK(text_has(text, "No security event was seen."));
  CHECK_FALSE(text_has(text, "nan"));
  CHECK_FALSE(text_has(text, "inf "));
}

TEST_CASE("Text: eighty columns break tables in two and lose no figure") {
  const std::string text = text_of(sample::calm(), {.width = 80, .limits = {.whole = true}});
  check_width(text, 80);
  const std::string wide = text_of(sample::calm(), kWhole);
  // Every figure of the wide page is on the narrow one.
  for (const std::string& line : lines_of(wide)) {
    if (text_has(line, "…")) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      if (word.find_first_of("0123456789") == std::string::npos) continue;
      CAPTURE(line);
      CHECK(text_has(text, word));
    }
  }
}

TEST_CASE("Text: narrower pages cut names, not figures") {
  const std::string text = text_of(sample::busy(), {.width = 92, .limits = {}});
  check_width(text, 92);
  CHECK(text_has(text, "18,354"));
}

TEST_CASE("Text: a quiet night is half a page") {
  const std::string text = text_of(sample::calm());
  // Half of a printed page, which has 66 lines.
  CHECK(lines_of(text).size() <= 33);
  check_width(text, 100);
  CHECK(text_has(text, "━━ VERDICT: HEALTHY"));
  CHECK(text_has(text, "SEND_MESSAGE"));
  CHECK(text_has(text, "books         written"));
  // 80 columns wrap, and break the table in two.
  CHECK(lines_of(text_of(sample::calm(), {.width = 80, .limits = {}})).size() <= 45);
}

TEST_CASE("Text: a night with a block or with a fault in its data is not quiet") {
  const auto is_whole = [](const auto& change) {
    Snapshot snapshot = sample::calm();
    change(snapshot);
    return text_has(text_of(snapshot), "━━ OVERVIEW AND DATA QUALITY");
  };
  CHECK_FALSE(is_whole([](Snapshot&) {}));
  CHECK_FALSE(is_whole([](Snapshot& s) {
    s.blocks.resize(1);
    s.blocks[0].blocked_wall_ns = s.wall_ns - 3601 * sample::kSecond;
  }));
  CHECK(is_whole([](Snapshot& s) {
    s.blocks.resize(1);
    s.blocks[0].blocked_wall_ns = s.wall_ns - 3599 * sample::kSecond;
  }));
  CHECK(is_whole([](Snapshot& s) { s.operations[0].windows[0].negative = 1; }));
  CHECK(is_whole([](Snapshot& s) { s.events[0].windows[0].negative = 1; }));
  CHECK(is_whole([](Snapshot& s) { s.books.torn = 1; }));
  CHECK(is_whole([](Snapshot& s) { s.books.rejected = 1; }));
  CHECK(is_whole([](Snapshot& s) { s.rings[0].misused[2] = 1; }));
  CHECK(is_whole([](Snapshot& s) { s.rings[0].names_merged = 1; }));
  CHECK(is_whole([](Snapshot& s) { s.rings[0].names_refused = 1; }));
  CHECK(is_whole([](Snapshot& s) { s.rings[0].untraced_records = 1; }));
  CHECK(is_whole([](Snapshot& s) { s.rings[0].processes.refused = 1; }));
  CHECK(is_whole([](Snapshot& s) { s.rings[0].problem = "its header is of another size"; }));
}

TEST_CASE("Text: a night with an alert, an incident or a regression is not quiet") {
  Snapshot alert = sample::calm();
  alert.alerts.resize(1);
  alert.alerts[0].last.state = AlertState::resolved;
  CHECK(text_has(text_of(alert), "━━ INCIDENTS AND ALERTS"));
  Snapshot incident = sample::calm();
  incident.incidents.resize(1);
  CHECK(text_has(text_of(incident), "━━ INCIDENTS AND ALERTS"));
  Snapshot slower = sample::calm();
  slower.regressions.resize(1);
  CHECK(text_has(text_of(slower), "━━ REGRESSIONS"));
  slower.regressions[0].kind = RegressionView::Kind::mix_shift;
  CHECK_FALSE(text_has(text_of(slower), "━━ REGRESSIONS"));
}
