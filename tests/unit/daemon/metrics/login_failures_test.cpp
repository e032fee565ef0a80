// Who failed to log in, compared with a list of all failures.
#include "daemon/metrics/login_failures.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "daemon/metrics/slices.h"
#include "tests/support/random.h"

using namespace ringside;

namespace {

constexpr std::int64_t kFirst = 7'000'003;  // a slice in the middle of a minute

struct Failure {
  std::uint64_t id, other;
  std::int64_t slice;
};

void add(LoginFailures& table, const Failure& failure) {
  table.add(failure.id, failure.other, failure.slice * kSliceNs + 1, failure.slice);
}

std::uint64_t failed_since(const std::vector<Failure>& all, std::uint64_t id, std::int64_t first) {
  return static_cast<std::uint64_t>(std::count_if(
      all.begin(), all.end(), [&](const Failure& f) { return f.id == id && f.slice >= first; }));
}

TEST_CASE("LoginFailures: counts of a minute and of an hour are those of a list of all") {
  std::mt19937_64 random(test::seed());
  LoginFailures table;
  std::vector<Failure> all;
  std::int64_t now = kFirst;
  for (int step = 0; step < 2000; ++step) {
    now += static_cast<std::int64_t>(random() % 3 == 0 ? random() % 5 : 0);
    // Lanes are read one after the other, so some come late.
    const Failure one{1 + random() % 9, 1 + random() % 4,
                      now - static_cast<std::int64_t>(random() % 2)};
    all.push_back(one);
    add(table, one);
  }
  const auto rows = table.largest(now, 100);
  REQUIRE(rows.size() == 9);
  CHECK(std::is_sorted(rows.begin(), rows.end(),
                       [](const auto& a, const auto& b) { return a.hour > b.hour; }));
  const std::int64_t minute = now / kSlicesPerMinute;
  for (const LoginFailures::Row& row : rows) {
    CAPTURE(row.id);
    CHECK(row.minute == failed_since(all, row.id, now - 11));
    CHECK(row.hour == failed_since(all, row.id, (minute - 59) * kSlicesPerMinute));
    CHECK(row.others == 4);
  }
}

TEST_CASE("LoginFailures: after a minute, and after an hour, nothing is left") {
  LoginFailures table;
  for (int i = 0; i < 5; ++i) add(table, {1, 0, kFirst});
  CHECK(table.largest(kFirst, 9).at(0).minute == 5);
  CHECK(table.largest(kFirst + 11, 9).at(0).minute == 5);
  CHECK(table.largest(kFirst + 12, 9).at(0).minute == 0);
  CHECK(table.largest(kFirst + 12, 9).at(0).hour == 5);
  CHECK(table.largest(kFirst + 720, 9).empty());
  // It begins anew.
  add(table, {1, 0, kFirst + 800});
  const auto row = table.largest(kFirst + 800, 9).at(0);
  CHECK(row.hour == 1);
  CHECK(row.since_ns == (kFirst + 800) * kSliceNs + 1);
}

TEST_CASE("LoginFailures: how many others is about right up to a hundred") {
  for (const std::uint64_t others : {1, 2, 5, 10, 20, 50, 100}) {
    CAPTURE(others);
    LoginFailures table;
    for (std::uint64_t n = 0; n < 5 * others; ++n) add(table, {1, 1000 + n % others, kFirst});
    const auto found = static_cast<double>(table.largest(kFirst, 1).at(0).others);
    CHECK(found == doctest::Approx(static_cast<double>(others)).epsilon(0.3));
  }
}

TEST_CASE("LoginFailures: whom it tried more than an hour ago no longer counts") {
  LoginFailures table;
  for (std::uint64_t n = 1; n <= 20; ++n) add(table, {1, n, kFirst});
  for (std::int64_t slice = kFirst; slice < kFirst + 730; slice += 10) add(table, {1, 1, slice});
  CHECK(table.largest(kFirst + 730, 1).at(0).others == 1);
}

TEST_CASE("LoginFailures: memory is bounded, and those that fail most are kept") {
  LoginFailures table;
  for (std::uint64_t id = 1; id <= 20; ++id) {
    for (int n = 0; n < 3; ++n) add(table, {id, 0, kFirst});
  }
  std::size_t bytes = 0;
  for (std::uint64_t id = 100; id < 5000; ++id) {
    add(table, {id, 0, kFirst + 1});
    if (id == 1000) bytes = table.bytes();
  }
  CHECK(table.bytes() == bytes);
  CHECK(bytes < 200'000);
  const auto rows = table.largest(kFirst + 1, 20);
  REQUIRE(rows.size() == 20);
  CHECK(std::all_of(rows.begin(), rows.end(), [](const auto& row) { return row.id <= 20; }));
  CHECK(table.largest(kFirst + 1, 10'000).size() == LoginFailures::kMost);
}

TEST_CASE("LoginFailures: saved and restored it is the same, also by another clock") {
  LoginFailures table;
  for (std::uint64_t n = 0; n < 40; ++n)
    add(table, {1 + n % 3, 50 + n, kFirst + static_cast<std::int64_t>(n) * 10});
  const std::int64_t now = kFirst + 400;
  for (const std::int64_t shift : {std::int64_t{0}, std::int64_t{-72'000'000}}) {
    CAPTURE(shift);
    Encoder out;
    table.encode(out);
    const std::string bytes = out.take();
    Decoder in(bytes);
    LoginFailures restored;
    restored.decode(in, shift);
    REQUIRE(in.at_end());
    const auto before = table.largest(now, 10);
    const auto after = restored.largest(now + shift, 10);
    REQUIRE(after.size() == before.size());
    for (std::size_t i = 0; i < after.size(); ++i) {
      CHECK(after[i].id == before[i].id);
      CHECK(after[i].minute == before[i].minute);
      CHECK(after[i].hour == before[i].hour);
      CHECK(after[i].others == before[i].others);
      CHECK(after[i].last_ns == before[i].last_ns + shift * kSliceNs);
      CHECK(after[i].since_ns == before[i].since_ns + shift * kSliceNs);
    }
  }
}

TEST_CASE("LoginFailures: a slice that no clock reaches is no state") {
  Encoder out;
  out.u64(1);
  out.u64(1);
  out.i64(INT64_MAX);
  out.i64(0);
  out.i64(0);
  for (int i = 0; i < 2; ++i) out.u64(0);
  const std::uint64_t bits = 0;
  for (int i = 0; i < 2; ++i) out.raw(&bits, sizeof bits);
  const std::string bytes = out.take();
  Decoder in(bytes);
  LoginFailures table;
  table.decode(in, 0);
  CHECK_FALSE(in.good());
}

}  // namespace
