#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tools/load/books.h"
#include "tools/load/schedule.h"

using namespace ringside::load;

namespace {
Answer answer_of(Op op, int code) {
  Answer answer;
  answer.kind = Answer::Kind::answer;
  answer.ok = code == 0;
  answer.code = code;
  answer.op = op == Op::none ? std::string_view{} : name_of(op);
  return answer;
}
}  // namespace

TEST_CASE("Latencies: quantiles are within 1.1 % of the sorted list, the rest is exact") {
  Rng rng(20240229);
  for (const int count : {1, 2, 10, 999, 20'000}) {
    Latencies spans;
    Latencies halves[2];
    std::vector<std::uint64_t> list;
    double sum = 0;
    for (int i = 0; i < count; ++i) {
      // From 1 us to 10 s, evenly over the logarithm.
      const auto ns = static_cast<std::uint64_t>(std::pow(10.0, 3 + 7 * rng.uniform()));
      list.push_back(ns);
      sum += static_cast<double>(ns);
      spans.record(static_cast<std::int64_t>(ns));
      halves[i % 2].record(static_cast<std::int64_t>(ns));
    }
    std::sort(list.begin(), list.end());
    halves[0].merge(halves[1]);
    for (const Latencies* either : {&spans, &halves[0]}) {
      CHECK(either->count() == list.size());
      CHECK(either->min_ns() == list.front());
      CHECK(either->max_ns() == list.back());
      CHECK(either->mean_ns() == doctest::Approx(sum / count));
      for (const double q : {0.0, 0.5, 0.9, 0.99, 1.0}) {
        const auto rank = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(q * count)));
        const auto exact = static_cast<double>(list[rank - 1]);
        INFO(count, " values, q = ", q);
        CHECK(std::abs(either->quantile_ns(q) - exact) <= 0.011 * exact);
      }
    }
  }
}

TEST_CASE("Latencies: a span below zero counts as zero") {
  Latencies spans;
  spans.record(-5);
  CHECK(spans.count() == 1);
  CHECK(spans.max_ns() == 0);
}

TEST_CASE("Books: each code falls into its class") {
  struct Case {
    int code;
    Outcome outcome;
  };
  const Case cases[] = {
      {0, Outcome::ok},          {1101, Outcome::rejected}, {1112, Outcome::rejected},
      {4001, Outcome::rejected}, {4108, Outcome::rejected}, {2001, Outcome::denied},
      {2010, Outcome::denied},   {3001, Outcome::limited},  {3002, Outcome::limited},
      {5001, Outcome::timeout},  {5005, Outcome::timeout},  {5002, Outcome::error},
      {5003, Outcome::error},    {5004, Outcome::error},    {5006, Outcome::error},
      {9999, Outcome::error}};
  for (const Case& one : cases) {
    INFO(one.code);
    Books books(kFirstIncident);
    books.count_sent(kMix, Op::EDIT_MESSAGE);
    books.count_answer(kMix, Op::EDIT_MESSAGE, answer_of(Op::EDIT_MESSAGE, one.code), 10, 5);
    const Tally tally = books.total(Op::EDIT_MESSAGE);
    CHECK(tally.outcomes[static_cast<std::size_t>(one.outcome)] == 1);
    CHECK(tally.answered() == 1);
    CHECK(tally.codes.count(one.code) == (one.code == 0 ? 0U : 1U));
  }
}

TEST_CASE("Books: an operation is what the server took it for") {
  Books books(kFirstIncident);
  books.count_sent(kMix, Op::SEND_MESSAGE);
  books.count_sent(kMix, Op::none);
  books.count_answer(kMix, Op::SEND_MESSAGE, answer_of(Op::none, 1001), 1, 1);
  books.count_answer(kMix, Op::none, answer_of(Op::LIST_ROOMS, 1102), 1, 1);
  CHECK(books.total(Op::SEND_MESSAGE).sent == 0);
  CHECK(books.total(Op::none).sent == 1);
  CHECK(books.total(Op::none).answered() == 1);
  CHECK(books.total(Op::LIST_ROOMS).sent == 1);
  CHECK(books.total(Op::LIST_ROOMS).answered() == 1);
  CHECK(books.misread() == 2);
}

TEST_CASE("Books: totals are of all sources and threads, latencies of the mix alone") {
  Books one(kFirstIncident + 1);
  Books two(kFirstIncident + 1);
  for (const Source source : {kSetup, kMix, kRelogin, kFirstIncident}) {
    for (Books* books : {&one, &two}) {
      books->count_sent(source, Op::AUTHENTICATION);
      books->count_sent(source, Op::AUTHENTICATION);
      books->count_answer(source, Op::AUTHENTICATION, answer_of(Op::AUTHENTICATION, 2002), 2000,
                          1000);
      books->count_lost(source, Op::AUTHENTICATION);
      books->count_unsent(source, Op::AUTHENTICATION);
    }
  }
  one.merge(two);
  const Tally total = one.total(Op::AUTHENTICATION);
  CHECK(total.sent == 16);
  CHECK(total.answered() == 8);
  CHECK(total.unanswered() == 8);
  CHECK(total.unsent == 8);
  CHECK(total.codes.at(2002) == 8);
  CHECK(total.from_intended.count() == 2);
  CHECK(total.from_intended.max_ns() == 2000);
  CHECK(total.from_send.max_ns() == 1000);
}
