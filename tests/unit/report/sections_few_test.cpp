// The sections with lists that are empty, of one, and just as long as their limit.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/unit/report/given.h"

using namespace ringside;
using namespace sample;

namespace {

Given with_kinds(std::size_t kinds) {
  Given given;
  given.all(Window::hour).seconds = 3600;
  given.analysis.window = Window::hour;
  for (std::size_t i = 0; i < kinds; ++i) {
    ErrorKind kind;
    kind.code = static_cast<std::uint16_t>(i + 1);
    kind.name = std::string(1, static_cast<char>('A' + i));
    kind.count = {4, 1, 2, 3};
    kind.last_wall_ns = given.snapshot.wall_ns;
    kind.top_operation = "SEND";
    kind.advice = "Mend it.";
    given.analysis.error_kinds.push_back(kind);
    ErrorFinding finding;
    finding.error.code = kind.code;
    finding.error.name = kind.name;
    finding.error.operation = "SEND";
    finding.error.ring = "chat";
    finding.error.last_wall_ns = kind.last_wall_ns;
    finding.count = 3;
    finding.operations = 19 + i;
    finding.share = 0.25;
    given.analysis.errors.push_back(finding);
  }
  return given;
}

// A list of `n` actors, each with a count of its own.
std::vector<TopEntry> actors(std::size_t n, std::uint64_t errors, std::uint64_t refused) {
  std::vector<TopEntry> list;
  for (std::size_t i = 0; i < n; ++i) {
    TopEntry entry;
    entry.party = {PartyKind::user, i + 1};
    entry.ring = "chat";
    entry.count = 10 + i;
    entry.errors = errors;
    entry.refused = refused;
    entry.time_ns = 1000;
    list.push_back(entry);
  }
  return list;
}

}  // namespace

TEST_CASE("Edges: errors, of which there are none, few, and as many as are shown") {
  CHECK(written_by(with_kinds(0), detail::write_errors) ==
        "heading | ERRORS AND WHAT TO DO ABOUT THEM\n"
        "sentence | None has been seen.\n");
  const std::string top =
      "heading | ERRORS AND WHAT TO DO ABOUT THEM\n"
      "sentence | Failures (error, timeout) are the server's; refusals (rejected, denied, limited) "
      "are earned by the caller.\n"
      "table | error | outcome | 1 min | 5 min | 1 h | since start | last | most of them on";
  const std::string by_operation =
      "subheading | By operation, the last hour\n"
      "table | operation | error | count | of its calls | last | by";
  const auto kind = [](const char* label) {
    return std::string(" | ") + label + " | error | 1 | 2 | 3 | 4 | 10:15:55 | SEND";
  };
  const auto row = [](const char* label, const char* share) {
    return std::string(" | SEND | ") + label + " | 3 | " + share +
           " | 2024-11-23T10:15:55.123Z | –";
  };
  Given given = with_kinds(2);
  const std::string two = top + kind("1 A") + kind("2 B") + "\nbullet | 1 A, 2 B: Mend it.\n" +
                          by_operation + row("1 A", "–") + row("2 B", "25 %") + "\n";
  CHECK(written_by(given, detail::write_errors) == two);
  given.limits.errors = 2;
  CHECK(written_by(given, detail::write_errors) == two);
  given.limits.errors = 1;
  given.analysis.error_kinds[0].rising = true;
  CHECK(written_by(given, detail::write_errors) ==
        top + kind("1 A") + "\nsentence | … and 1 more, in the JSON report.\n" +
            "bullet | 1 A (rising): Mend it.\n" + by_operation + row("1 A", "–") +
            "\nsentence | … and 1 more, in the JSON report.\n");
}

TEST_CASE("Edges: who had errors, with one error, one refusal, or as many of each") {
  const auto listed = [](std::uint64_t errors, std::uint64_t refused) {
    Given given = with_kinds(1);
    given.snapshot.actors_by_errors = actors(1, errors, refused);
    return has(written_by(given, detail::write_errors), " | user 1 | 10 | ");
  };
  CHECK(listed(1, 0));
  CHECK(listed(0, 1));
  CHECK(listed(3, 3));
  CHECK_FALSE(listed(0, 0));
}

TEST_CASE("Edges: as many actors as are shown, and over what time") {
  Given given;
  const auto parties = [&](std::size_t n) {
    return written_by(given, [&](const detail::Section& section) {
      detail::write_parties(section, "Actors", actors(n, 2, 3));
    });
  };
  const std::string table =
      "table | who or what | operations | errors | refused | time | true figures"
      " | user 1 | 10 | 2 | 3 | 1.00 µs | exact";
  CHECK(parties(0).empty());
  CHECK(parties(1) == "subheading | Actors\n" + table + "\n");
  given.snapshot.parties_seconds = 1;
  CHECK(parties(1) == "subheading | Actors, over the last 1.00 s\n" + table + "\n");
  given.limits.top = 2;
  const std::string two = "subheading | Actors, over the last 1.00 s\n" + table +
                          " | user 2 | 11 | 2 | 3 | 1.00 µs | exact\n";
  CHECK(parties(2) == two);
  CHECK(parties(3) == two);
}

TEST_CASE("Edges: breakers that have not moved, moved once, moved twice") {
  Given given;
  given.all(Window::hour).seconds = 3600;
  given.analysis.window = Window::hour;
  const std::string heading = "subheading | Retries, circuit breaker, recovery, the last hour\n";
  CHECK(written_by(given, detail::write_resilience) ==
        heading + "sentence | No retry, no move of a circuit breaker and no recovery was seen.\n");
  ResilienceSummary& resilience = given.analysis.resilience;
  EventFinding event;
  event.name = "RETRY";
  event.ring = "chat";
  event.meaning = "again";
  event.count = 4;
  resilience.events = {event};
  event.count = 1;
  event.sum_ns = 1;
  event.last_wall_ns = 1;
  event.last_party = {PartyKind::user, 7};
  resilience.events.push_back(event);
  event.sum_ns = 9000;
  event.count = 3;
  event.last_wall_ns = given.snapshot.wall_ns;
  resilience.events.push_back(event);
  BreakerSummary breaker;
  breaker.ring = "chat";
  breaker.since_wall_ns = given.snapshot.wall_ns;
  resilience.breakers = {breaker};
  breaker.state = BreakerState::open;
  breaker.moves = 1;
  breaker.time_in_ns = {0, 1, 0};
  resilience.breakers.push_back(breaker);
  breaker.moves = 2;
  breaker.time_in_ns = {1, 0, 2000};
  resilience.breakers.push_back(breaker);
  CHECK(written_by(given, detail::write_resilience) ==
        heading +
            "table | event | count | mean | last | of | that is | "
            "RETRY | 4 | – | – | – | again | "
            "RETRY | 1 | 1 ns | 00:00:00 | user 7 | again | "
            "RETRY | 3 | 3.00 µs | 10:15:55 | user 7 | again\n"
            "sentence | Breaker: closed since 2024-11-23T10:15:55.123Z.\n"
            "sentence | Breaker: open since 2024-11-23T10:15:55.123Z; over the move before that "
            "it was open for 1 ns.\n"
            "sentence | Breaker: open since 2024-11-23T10:15:55.123Z; over the 2 moves before that "
            "it was half-open for 2.00 µs, closed for 1 ns.\n");
}

TEST_CASE("Edges: security where nothing happened, where each thing happened once, and more") {
  Given given;
  given.all(Window::hour).seconds = 3600;
  given.analysis.window = Window::hour;
  CHECK(written_by(given, detail::write_security) ==
        "heading | SECURITY\n"
        "sentence | No security event was seen.\n"
        "field | its cost | no operation marks a security stage\n");
  SecuritySummary& security = given.analysis.security;
  security.events.push_back({"LOGIN_FAILED", "chat", "wrong", 1, 1, 0, 0, {}});
  security.rate_limited = 1;
  security.stage = {"security", 1, 1, 1, 0.5};
  security.audit_ns = 1;
  BlockView block;
  block.address = {PartyKind::address, 0x7f000002};
  block.blocked_wall_ns = given.snapshot.wall_ns;
  block.blocks = 1;
  block.attempts_before = 1;
  block.turned_away = 2;
  block.got_through = 3;
  given.snapshot.blocks = {block};
  const std::string top =
      "heading | SECURITY\n"
      "sentence | In the last hour.\n"
      "table | event | count | mean | last | of | that is | LOGIN_FAILED | 1 | – | – | – | wrong\n";
  const std::string first_block =
      "field | blocks | address 127.0.0.2 at 10:15:55.123: 1 attempt before, then 2 turned away, "
      "3 got as far as a password or token\n";
  const std::string cost =
      "field | its cost | the security stage takes 50 % of the time of all operations, 1 ns a call "
      "(n = 1)\n"
      "field | audit log | 1 ns spent on writing it\n";
  CHECK(written_by(given, detail::write_security) ==
        top + "field | rate limit | 0 allowed, 1 limited\n" + first_block + cost);
  given.limits.top = 2;
  block.blocks = 2;
  given.snapshot.blocks.push_back(block);
  security.rate_allowed = 18;
  const std::string second_block =
      "field |  | address 127.0.0.2, block 2 at 10:15:55.123: 1 attempt before, then 2 turned "
      "away, 3 got as far as a password or token\n";
  CHECK(written_by(given, detail::write_security) ==
        top + "field | rate limit | 18 allowed, 1 limited\n" + first_block + second_block + cost);
  given.snapshot.blocks.push_back(block);
  security.rate_allowed = 19;
  CHECK(written_by(given, detail::write_security) ==
        top + "field | rate limit | 19 allowed, 1 limited (5 %)\n" + first_block + second_block +
            "field |  | and 1 more\n" + cost);
  given.snapshot.blocks.clear();
  security.rate_allowed = security.rate_limited = 0;
  security.rejected = 1;
  CHECK(written_by(given, detail::write_security) ==
        top + "field | validation | 1 call refused\n" + cost);
  given.all(Window::hour).recorded = 20;
  security.rejected = 2;
  security.validation = {"validation", 4, 8, 2, 0.25};
  CHECK(written_by(given, detail::write_security) ==
        top +
            "field | validation | 2 calls refused (10 %); the stage takes 25 % of the time of all "
            "operations, 2 ns a call (n = 4)\n" +
            cost);
}

TEST_CASE("Edges: suggestions, of which there are none and one") {
  Given given;
  given.all(Window::hour).seconds = 3600;
  given.analysis.window = Window::hour;
  given.analysis.all.timed = 1;
  CHECK(written_by(given, detail::write_suggestions) ==
        "heading | OPTIMISATION SUGGESTIONS\n"
        "sentence | None: no rule found enough evidence in 1 timed operation.\n");
  given.analysis.suggestions = {
      {{}, 0, "Do it.", "It is slow.", "half", 0.5, Confidence::high, "sure"}};
  CHECK(written_by(given, detail::write_suggestions) ==
        "heading | OPTIMISATION SUGGESTIONS\n"
        "sentence | From the figures of the last hour. Each gain stands alone: they overlap, and "
        "do not add up.\n"
        "numbered | 1 | Do it. | evidence | It is slow. | gain | half | confidence | high: sure\n");
}

TEST_CASE("Edges: regressions and trends, of one operation and of as many as are shown") {
  Given given;
  CHECK(written_by(given, detail::write_regressions) ==
        "heading | REGRESSIONS\n"
        "sentence | The daemon keeps no history (history.enabled), so nothing here is compared "
        "with an earlier day.\n");
  given.snapshot.regression_watch = {true, true};
  CHECK(written_by(given, detail::write_regressions) ==
        "heading | REGRESSIONS\n"
        "sentence | The history of the days before is still being read.\n");
  given.snapshot.regression_watch = {true, false, 0};
  CHECK(written_by(given, detail::write_regressions) ==
        "heading | REGRESSIONS\n"
        "sentence | Nothing can be compared yet. That takes two days of history at the same hour, "
        "and eight hours held against them.\n");
  given.snapshot.regression_watch = {true, false, 1};
  CHECK(written_by(given, detail::write_regressions) ==
        "heading | REGRESSIONS\n"
        "sentence | None. Figures compared with the same hour of the days before: 1 (p50, p95 and "
        "the stages of each operation).\n");
  given.snapshot.regression_watch = {
      true, false, 1, 0, 1'763'596'800'000'000'000, 1'764'201'600'000'000'000};
  CHECK(written_by(given, detail::write_regressions) ==
        "heading | REGRESSIONS\n"
        "sentence | None. Figures compared with the same hour of the pinned baseline, "
        "2025-11-20T00:00Z to 2025-11-27T00:00Z: 1 (p50, p95 and the stages of each operation).\n");
  given.snapshot.regression_watch = {true, true, 1, 1};
  CHECK(written_by(given, detail::write_regressions) ==
        "heading | REGRESSIONS\n"
        "sentence | The history of the days before is still being read.\n"
        "sentence | Minutes of operations that are not watched: 1; there are too many "
        "operations.\n");
  given.snapshot.regression_watch = {};
  const std::string top =
      "heading | TRENDS\n"
      "sentence | There is no history beside this report, so there is no trend over hours or days. "
      "What there is: the last minute and the last 5 min beside the last hour, which contains "
      "them.\n";
  CHECK(written_by(given, detail::write_trends) ==
        top + "sentence | In the last hour nothing happened.\n");
  given.snapshot.all = counted("all", 1);
  given.snapshot.all.ring.clear();
  given.all(Window::minute).seconds = 0.5;
  const std::string head = top +
                           "table |  | rate/s 1m | 5m | 1h | err 1m | 5m | 1h | p90 1m | 5m | 1h | "
                           " | all | 2 | 0 | 0 | – | – | – | – | – | – | –";
  const std::string foot =
      "\nsentence | The operations that take the most time, most first. slower, faster: the p90 of "
      "the last minute is 1.5 times that of the hour, or less than two thirds of it. The windows "
      "move in steps of 5 s: the last minute is the last 55 to 60 s.\n";
  CHECK(written_by(given, detail::write_trends) == head + foot);
  given.limits.top = 1;
  for (const char* name : {"A", "B", "C"}) {
    given.snapshot.operations.push_back(counted(name, name[0] == 'A' ? 19 : 20));
    given.analysis.operations.emplace_back();
    given.analysis.operations.back().operation = name;
    given.analysis.operations.back().ring = "chat";
    if (name[0] != 'B') continue;
    given.snapshot.operations.back().windows[2].errors = 1;
  }
  CHECK(written_by(given, detail::write_trends) ==
        head + " | A | 0 | 0 | 0 | – | – | – | – | – | – | –" +
            " | B | 0 | 0 | 0 | 0 % | 5 % | 0 % | – | – | – | –" + foot);
}

TEST_CASE("Edges: slower and faster from exactly half as much more") {
  const auto change = [](std::uint64_t minute, std::uint64_t hour) {
    Given given;
    given.snapshot.all.windows = {spans_of(50, 1), spans_of(50, minute), spans_of(50, 1),
                                  spans_of(50, hour)};
    const std::string text = written_by(given, detail::write_trends);
    const std::string row = text.substr(0, text.find("\nsentence | The operations"));
    return row.substr(row.rfind(" | ") + 3);
  };
  CHECK(change(149, 100) == "steady");
  CHECK(change(150, 100) == "slower");
  CHECK(change(100, 149) == "steady");
  CHECK(change(100, 150) == "faster");
  CHECK(change(100, 100) == "steady");
  CHECK(change(1, 1) == "steady");
  CHECK(change(2, 1) == "slower");
  CHECK(change(0, 1) == "faster");
  CHECK(change(0, 0) == "–");
  CHECK(change(5, 0) == "–");
  Given given;
  given.snapshot.all.windows = {spans_of(50, 1), spans_of(50, 9), spans_of(50, 1), spans_of(49, 9)};
  CHECK(has(written_by(given, detail::write_trends), " | 9 ns | 1 ns | – | –\n"));
  given.snapshot.all.windows[1] = spans_of(49, 9);
  given.snapshot.all.windows[3] = spans_of(50, 9);
  CHECK(has(written_by(given, detail::write_trends), " | – | 1 ns | 9 ns | –\n"));
}

TEST_CASE("Edges: a configuration that is empty, of one line, and without an end") {
  Given given;
  CHECK(written_by(given, detail::write_configuration) ==
        "heading | CONFIGURATION IN FORCE\nsentence | Not stated by the daemon.\n");
  given.snapshot.configuration = "all of it";
  const auto configuration = [&](const char* text) {
    given.snapshot.configuration_changed = text;
    return written_by(given, detail::write_configuration);
  };
  CHECK(configuration("") ==
        "heading | CONFIGURATION IN FORCE\n"
        "sentence | Every key is at its default. The JSON report has all of them.\n");
  const std::string heading =
      "heading | CONFIGURATION IN FORCE\n"
      "sentence | What differs from the defaults. The JSON report has every key.\n";
  CHECK(configuration("a") == heading + "verbatim | a\n");
  CHECK(configuration("a\n") == heading + "verbatim | a\n");
  CHECK(configuration("\n") == heading + "verbatim | \n");
  CHECK(configuration("a\n\nbc\nd") ==
        heading + "verbatim | a\nverbatim | \nverbatim | bc\nverbatim | d\n");
  CHECK(configuration("a\tb\n\n") == heading + "verbatim | a\\tb\nverbatim | \n");
}

TEST_CASE("Edges: figures in cells, from nothing and from one") {
  CHECK(detail::mean_cell(5, 0) == "–");
  CHECK(detail::mean_cell(5, 1) == "5 ns");
  CHECK(detail::mean_cell(6000, 4) == "1.50 µs");
  CHECK(detail::percent_cell(1, 0) == "–");
  CHECK(detail::percent_cell(1, 1) == "100 %");
  CHECK(detail::percent_cell(3, 4) == "75 %");
  CHECK(detail::span_cell(1) == "1 ns");
  CHECK(detail::quantile_cell(spans_of(9, 7), 0.5) == "–");
  CHECK(detail::quantile_cell(spans_of(10, 7), 0.5) == "7 ns");
  Snapshot snapshot;
  snapshot.wall_ns = 5000;
  CHECK(detail::ago(snapshot, 5000) == "0 ns ago");
  CHECK(detail::ago(snapshot, 4999) == "1 ns ago");
  CHECK(detail::ago(snapshot, 5001) == "in the future: the clock was set");
}
