// The section on operations at its edges: what has been seen, and from how little.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/unit/report/given.h"

using namespace ringside;
using namespace sample;

namespace {

std::string operations_of(const Given& given) {
  return written_by(given, detail::write_operations);
}

Given an_hour() {
  Given given;
  given.analysis.window = Window::hour;
  given.all(Window::since_start).seconds = 3600;
  given.all(Window::hour).seconds = 3600;
  return given;
}

RecordView took(std::int64_t ns, RecordOutcome outcome) {
  RecordView record;
  record.operation = "SEND";
  record.ring = "chat";
  record.duration_ns = ns;
  record.outcome = outcome;
  return record;
}

// The row of the last records of an operation that took these spans, in this order.
std::string last_row(const std::vector<std::int64_t>& spans) {
  Given given = an_hour();
  given.snapshot.operations = {counted("SEND", 1)};
  for (const std::int64_t ns : spans)
    given.snapshot.operations[0].last.push_back(took(ns, RecordOutcome::ok));
  const std::string text = operations_of(given);
  const std::size_t from = text.find("read | lost | SEND | ") + std::string("read | lost").size();
  return text.substr(from, text.find('\n', from) - from);
}

}  // namespace

TEST_CASE("Edges: no operation has been seen, and those that are registered are named") {
  Given given = an_hour();
  CHECK(operations_of(given) ==
        "heading | OPERATIONS\n"
        "sentence | No operation has been seen.\n");
  given.limits.unseen = 2;
  given.snapshot.operations = {counted("A", 0)};
  const std::string none =
      "heading | OPERATIONS\n"
      "sentence | No operation has been seen.\n"
      "sentence | Registered, not seen so far: ";
  CHECK(operations_of(given) == none + "1 operation (A).\n");
  given.snapshot.operations.push_back(counted("B", 0));
  CHECK(operations_of(given) == none + "2 operations (A, B).\n");
  given.snapshot.operations.push_back(counted("C", 0));
  CHECK(operations_of(given) == none + "3 operations (A, B …).\n");
  // An event alone is shown all the same.
  given.snapshot.operations.clear();
  given.snapshot.events = {counted("E", 0), counted("F", 0)};
  given.snapshot.events[1].server_count = 1;
  CHECK(operations_of(given) ==
        "heading | OPERATIONS\n"
        "sentence | No operation has been seen.\n"
        "subheading | Events, the last hour\n"
        "table | event | count | rate | p50 | max | since start | read | lost | "
        "F | 0 | 0/s | – | – | 1 | 0 | 0\n");
}

TEST_CASE("Edges: one call is enough to be seen, whoever counted it") {
  Given given = an_hour();
  given.snapshot.operations = {counted("READ", 0), counted("COUNTED", 0), counted("NEITHER", 0)};
  given.snapshot.operations[0].windows[0].recorded = 1;
  given.snapshot.operations[1].server_count = 1;
  WindowStats& one = given.snapshot.operations[1].windows[3];
  one = spans_of(1, 3);
  one.seconds = 3600;
  one.errors = 1;
  given.snapshot.operations[1].server_errors = 1;
  given.snapshot.operations[1].books = {0, 4, 5, 0, 0};
  given.snapshot.operations[1].last = {took(3, RecordOutcome::error)};
  given.snapshot.operations[1].last[0].untimed = true;
  given.snapshot.events = {counted("EVENT", 1)};
  given.snapshot.events[0].windows[3].max_ns = 1;
  CHECK(operations_of(given) ==
        "heading | OPERATIONS\n"
        "sentence | How many, in the last hour.\n"
        "table | operation | count | rate | errors | error % | refused | refused % | "
        "READ | 0 | 0/s | 0 | – | 0 | – | "
        "COUNTED | 1 | <0.01/s | 1 | 100 % | 0 | 0 % | "
        "all | 0 | 0/s | 0 | – | 0 | –\n"
        "subheading | How long they took, in the last hour\n"
        "sentence | A quantile is shown where at least five values lie beyond it. It is within "
        "1.1 % up to a span of 35 h; longer ones are known to be at least so long.\n"
        "table | operation | min | mean | p50 | p90 | p95 | p99 | p99.9 | max | "
        "READ | – | – | – | – | – | – | – | – | "
        "COUNTED | 3 ns | 3 ns | – | – | – | – | – | 3 ns | "
        "all | – | – | – | – | – | – | – | –\n"
        "subheading | The last 1 of each, exact · the books since start: server says = read + lost "
        "+ sampled out\n"
        "table | operation | last | failed | p50 | p90 | max | server says | errors | read | lost "
        "| READ | 0 | 0 | – | – | – | 0 | 0 | 0 | 0 | "
        "COUNTED | 1 | 1 | – | – | – | 1 | 1 | 4 | 5\n"
        "sentence | Registered, not seen so far: 1 operation (NEITHER).\n"
        "subheading | Events, the last hour\n"
        "table | event | count | rate | p50 | max | since start | read | lost | "
        "EVENT | 1 | 0/s | – | 1 ns | 0 | 0 | 0\n");
}

TEST_CASE("Edges: categories are shown where there are two, those in which something happened") {
  Given given = an_hour();
  given.snapshot.operations = {counted("SEND", 1)};
  given.snapshot.categories = {counted("writing", 1)};
  CHECK_FALSE(has(operations_of(given), "writing"));
  given.snapshot.categories.push_back(counted("reading", 0));
  CHECK(has(operations_of(given), " | 0 | 0 % | writing | 1 | 0/s | 0 | 0 % | 0 | 0 % | all | "));
  CHECK_FALSE(has(operations_of(given), "reading"));
}

TEST_CASE("Edges: quantiles of the last records are by nearest rank, from one record on") {
  CHECK(last_row({}) == " | SEND | 0 | 0 | – | – | – | 0 | 0 | 0 | 0");
  CHECK(last_row({7}) == " | SEND | 1 | 0 | 7 ns | – | 7 ns | 0 | 0 | 0 | 0");
  CHECK(last_row({9, 7}) == " | SEND | 2 | 0 | 7 ns | – | 9 ns | 0 | 0 | 0 | 0");
  CHECK(last_row({5, 9, 7}) == " | SEND | 3 | 0 | 7 ns | – | 9 ns | 0 | 0 | 0 | 0");
  // The fifth, none, and the ninth.
  CHECK(last_row({4, 1, 9, 2, 8, 3, 7, 5, 6}) ==
        " | SEND | 9 | 0 | 5 ns | – | 9 ns | 0 | 0 | 0 | 0");
  // The fifth, the ninth and the tenth.
  CHECK(last_row({10, 4, 1, 9, 2, 8, 3, 7, 5, 6}) ==
        " | SEND | 10 | 0 | 5 ns | 9 ns | 10 ns | 0 | 0 | 0 | 0");
  CHECK(last_row({10, 4, 1, 9, 2, 11, 8, 3, 7, 5, 6}) ==
        " | SEND | 11 | 0 | 6 ns | 10 ns | 11 ns | 0 | 0 | 0 | 0");
  std::vector<std::int64_t> many;
  for (std::int64_t i = 1; i <= 19; ++i) many.push_back(i * 7 % 19 + 1);
  // The tenth, the eighteenth (of 17.1) and the last.
  CHECK(last_row(many) == " | SEND | 19 | 0 | 10 ns | 18 ns | 19 ns | 0 | 0 | 0 | 0");
}

TEST_CASE("Edges: failures among the last are errors and timeouts") {
  Given given = an_hour();
  given.snapshot.operations = {counted("SEND", 1), counted("SEARCH", 1)};
  for (const RecordOutcome outcome :
       {RecordOutcome::timeout, RecordOutcome::ok, RecordOutcome::error, RecordOutcome::error,
        RecordOutcome::denied})
    given.snapshot.operations[0].last.push_back(took(1, outcome));
  given.snapshot.operations[1].last = {took(1, RecordOutcome::ok)};
  const std::string text = operations_of(given);
  CHECK(has(text, " | SEND | 5 | 3 | "));
  CHECK(has(text, "subheading | The last 5 of each, exact"));
}

TEST_CASE("Edges: fewer slow operations than are shown, with an error and without") {
  Given given = an_hour();
  given.snapshot.operations = {counted("SEND", 1)};
  RecordView record = took(2000, RecordOutcome::denied);
  given.snapshot.slowest_since_start = {record};
  record.error = 1;
  record.error_name = "NO";
  record.start_wall_ns = given.snapshot.wall_ns;
  record.actor = {PartyKind::user, 4};
  record.subject = {PartyKind::room, 5};
  given.snapshot.slowest_since_start.push_back(record);
  given.snapshot.slowest = {record};
  const std::string since_start =
      "subheading | Slowest single operations since start\n"
      "table | operation | took | began | outcome | who | on what | "
      "SEND | 2.00 µs | never | denied | – | – | "
      "SEND | 2.00 µs | 2024-11-23T10:15:55.123Z | 1 NO | user 4 | room 5\n";
  const std::string text = operations_of(given);
  CHECK(text.substr(text.find("subheading | Slowest")) == since_start);
  given.all(Window::since_start).seconds = 3601;
  const std::string later = operations_of(given);
  CHECK(later.substr(later.find("subheading | Slowest")) ==
        "subheading | Slowest single operations of the last hour\n"
        "table | operation | took | began | outcome | who | on what | "
        "SEND | 2.00 µs | 2024-11-23T10:15:55.123Z | 1 NO | user 4 | room 5\n" +
            since_start);
}
