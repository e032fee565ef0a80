// What fails, compared with an oracle, and the bytes in which it is saved.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "daemon/metrics/error_table.h"
#include "tests/support/random.h"

using namespace ringside;
using ringside::test::seed;

namespace {

using ErrorCounts = std::array<std::uint64_t, kWindows>;
using FailureKind = std::tuple<std::string, std::uint16_t, std::uint8_t>;

struct ExpectedFailures {
  ErrorCounts count{};
  std::int64_t last_ns = INT64_MIN;
  std::uint8_t actor_kind = 0;
  std::uint64_t actor = 0;
};

std::string table_bytes(const ErrorTable& table) {
  Encoder out;
  table.encode(out);
  return out.take();
}
bool table_decodes(const std::string& bytes) {
  Decoder in(bytes);
  ErrorTable table;
  table.decode(in, 0);
  return in.at_end();
}
void fail_once(ErrorTable& table, const FailureKind& kind, const ErrorTable::Failure& failure,
               std::int64_t now_slice) {
  const auto& [operation, code, outcome] = kind;
  ErrorTable::count(table.entry(operation, code, outcome), failure, now_slice);
}

}  // namespace

TEST_CASE("ErrorTable: counts, order and the latest failure agree with all failures, over restarts") {
  std::mt19937_64 random(seed());
  auto table = std::make_unique<ErrorTable>();
  std::map<FailureKind, ExpectedFailures> expected;
  // One slice holds it all, so each window has what is not from before or from the future.
  std::int64_t slice = 120;
  for (int step = 0; step < 4000; ++step) {
    const FailureKind kind{"OP_" + std::to_string(random() % 9),
                           static_cast<std::uint16_t>(random() % 7),
                           static_cast<std::uint8_t>(1 + random() % 6)};
    ErrorTable::Failure failure;
    failure.in_windows = random() % 3 != 0;
    failure.slice = slice;
    failure.end_monotonic_ns =
        random() % 5 == 0 ? INT64_MIN : static_cast<std::int64_t>(random() % 50);
    failure.actor_kind = static_cast<std::uint8_t>(random() % 4);
    failure.actor = random() % 1000;
    fail_once(*table, kind, failure, slice);
    ExpectedFailures& want = expected[kind];
    ++want.count[0];
    for (std::size_t w = 1; w < kWindows; ++w) want.count[w] += failure.in_windows;
    // Of two that ended together the one that is read later is shown.
    if (failure.end_monotonic_ns != INT64_MIN && failure.end_monotonic_ns >= want.last_ns) {
      want.last_ns = failure.end_monotonic_ns;
      want.actor_kind = failure.actor_kind;
      want.actor = failure.actor;
    }
    if (step % 1000 == 999) {
      const std::string bytes = table_bytes(*table);
      table = std::make_unique<ErrorTable>();
      Decoder in(bytes);
      table->decode(in, 12);
      REQUIRE(in.at_end());
      slice += 12;
      for (auto& [key, one] : expected) {
        if (one.last_ns != INT64_MIN) one.last_ns += 60'000'000'000;
      }
    }
    if (step > 20 && step % 250 != 0) continue;
    const std::vector<ErrorTable::Row> rows = table->rows(slice);
    REQUIRE(rows.size() == expected.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const ErrorTable::Row& row = rows[i];
      const ExpectedFailures& one = expected[{row.operation, row.code, row.outcome}];
      CHECK(row.count == one.count);
      CHECK(row.last_monotonic_ns == one.last_ns);
      CHECK(row.actor_kind == one.actor_kind);
      CHECK(row.actor == one.actor);
      if (i == 0) continue;
      // Most in the last hour, then most since start, then by name, code and outcome.
      const auto rank = [](const ErrorTable::Row& of) {
        return std::make_tuple(UINT64_MAX - of.count[3], UINT64_MAX - of.count[0], of.operation,
                               of.code, of.outcome);
      };
      CHECK(rank(rows[i - 1]) < rank(row));
    }
  }
}

TEST_CASE("ErrorTable: rows that are equal in their counts are in the order of their names") {
  ErrorTable table;
  // Counted half an hour ago: the short windows are empty, so they say nothing about the order.
  for (int i = 0; i < 200; ++i) {
    ErrorTable::Failure failure;
    failure.slice = 1000;
    const FailureKind kind{"OP_" + std::to_string(1000 + (i * 77) % 200), 1, 1};
    for (int n = 0; n <= i % 2; ++n) fail_once(table, kind, failure, 1000);
  }
  const std::vector<ErrorTable::Row> rows = table.rows(1360);
  REQUIRE(rows.size() == 200);
  for (std::size_t i = 1; i < 200; ++i) {
    CHECK(rows[i].count == ErrorCounts{i < 100 ? 2U : 1U, 0, 0, i < 100 ? 2U : 1U});
    if (i != 100) CHECK(rows[i - 1].operation < rows[i].operation);
  }
}

TEST_CASE("ErrorTable: a failure of which nothing is said counts now, and is not the latest") {
  ErrorTable table;
  fail_once(table, {"A", 1, 1}, {}, 0);
  REQUIRE(table.rows(0).size() == 1);
  CHECK(table.rows(0)[0].count == ErrorCounts{1, 1, 1, 1});
  CHECK(table.rows(0)[0].last_monotonic_ns == INT64_MIN);
  CHECK(table.rows(0)[0].actor == 0);
  ErrorTable::Failure failure;
  failure.end_monotonic_ns = 5;
  fail_once(table, {"A", 1, 1}, failure, 0);
  CHECK(table.rows(0)[0].count[0] == 2);
  CHECK(table.rows(0)[0].last_monotonic_ns == 5);
  CHECK(table.rows(0)[0].actor == 0);
}

TEST_CASE("ErrorTable: kinds beyond the bound are counted together, those that are known go on") {
  ErrorTable table;
  for (std::uint16_t code = 0; code < ErrorTable::kMaxEntries; ++code)
    fail_once(table, {"A", code, 1}, {}, 0);
  CHECK(table.rows(0).size() == 1024);
  // A node of the tree: the key of 40 bytes, the entry, and four words.
  CHECK(table.bytes() == 1024 * (sizeof(ErrorTable::Entry) + 72));
  for (std::uint16_t code = 5000; code < 5010; ++code) fail_once(table, {"B", code, 3}, {}, 0);
  fail_once(table, {"A", 1023, 1}, {}, 0);
  const std::vector<ErrorTable::Row> rows = table.rows(0);
  REQUIRE(rows.size() == 1025);
  CHECK(rows[0].operation == "others");
  CHECK(rows[0].code == 0);
  CHECK(rows[0].outcome == 1);
  CHECK(rows[0].count == ErrorCounts{10, 10, 10, 10});
  CHECK(rows[1].operation == "A");
  CHECK(rows[1].code == 1023);
  CHECK(rows[1].count == ErrorCounts{2, 2, 2, 2});
}

TEST_CASE("ErrorTable: a table has these bytes, and others are refused") {
  ErrorTable table;
  ErrorTable::Failure failure;
  failure.slice = 24;
  failure.end_monotonic_ns = 7;
  failure.actor_kind = 2;
  failure.actor = 9;
  fail_once(table, {"AB", 5, 6}, failure, 24);
  // One entry: its key; its count (one; in slice 24, in minute 2); when, and who.
  const std::string bytes("\1\2AB\5\6\1\1\x30\1\1\4\1\xe\2\x9", 16);
  CHECK(table_bytes(table) == bytes);
  CHECK(table_decodes(bytes));
  for (std::size_t length = 0; length < bytes.size(); ++length)
    CHECK_FALSE(table_decodes(bytes.substr(0, length)));
  CHECK(table_decodes(std::string(1, '\0')));
  // An outcome of no name is taken for one that has one.
  std::string seventh = bytes;
  seventh[5] = 7 + 6;
  Decoder in(seventh);
  ErrorTable other;
  other.decode(in, 0);
  REQUIRE(in.at_end());
  CHECK(other.rows(24).at(0).outcome == 6);
  // The smallest entry has nine bytes. So many of them may be there, and no more.
  for (const std::uint64_t size : {4096, 4097}) {
    Encoder out;
    out.u64(size);
    CHECK(table_decodes(out.take() + std::string(9 * size, '\0')) == (size == 4096));
  }
}
