// What an answer means, and when a receiver is tried again.
#include "daemon/outputs/receivers/http_answer.h"

#include <doctest/doctest.h>

#include <set>

#include "daemon/outputs/receivers/backoff.h"
#include "tests/unit/daemon/outputs/receivers/some_alerts.h"

namespace ringside {
namespace {

using test::kS;

TEST_CASE("HttpAnswer: what each status means for what was posted") {
  for (const int status : {200, 202, 204, 299}) CHECK(meaning_of(status) == Answer::accepted);
  CHECK(meaning_of(400) == Answer::some_refused);
  for (const int status : {413, 422}) CHECK(meaning_of(status) == Answer::all_refused);
  for (const int status : {0, 199, 300, 301, 307, 399, 401, 403, 404, 405, 408, 415, 429, 500, 502,
                           503, 504, 599})
    CHECK(meaning_of(status) == Answer::failed);
}

TEST_CASE("HttpAnswer: Retry-After in seconds, or as a date") {
  const auto after = [](const char* field) { return retry_after_ns(field, test::kWall); };
  CHECK(after("7") == 7 * kS);
  CHECK(after("0") == 0);
  CHECK(after("-5") == 0);
  CHECK(after("99999999999999999999999999") == 1'000'000'000 * kS);
  CHECK(after("-99999999999999999999999999") == 0);
  CHECK(after("9999999999") == 1'000'000'000 * kS);
  CHECK(after("Sat, 23 Nov 2024 09:02:05 GMT") == 125 * kS);
  CHECK(after("Sat, 23 Nov 2024 08:59:59 GMT") == 0);
  for (const char* none : {"", "soon", "7s", " 7", "7.5", "Sat, 23 Nov 2024 09:02:05",
                           "Sat, 23 Nov 2024 09:02:05 GMT+1", "2024-11-23T09:02:05Z"}) {
    CAPTURE(none);
    CHECK(after(none) == 0);
  }
}

TEST_CASE("Backoff: pauses double up to the most, and jitter takes away at most a half") {
  Backoff backoff(1, {kS, 8 * kS, 3600 * kS});
  for (const std::int64_t full : {1, 2, 4, 8, 8, 8}) {
    const std::int64_t pause = backoff.after_failure();
    CHECK(pause <= full * kS);
    CHECK(pause >= full * kS / 2);
  }
  backoff.after_success();
  CHECK(backoff.after_failure() <= kS);
}

TEST_CASE("Backoff: the same seed gives the same pauses, other seeds others, over the whole range") {
  std::set<std::int64_t> pauses;
  std::int64_t least = kS, most = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const std::int64_t pause = Backoff(seed).after_failure();
    CHECK(pause == Backoff(seed).after_failure());
    pauses.insert(pause);
    least = std::min(least, pause);
    most = std::max(most, pause);
  }
  CHECK(pauses.size() > 990);
  CHECK(least < kS * 51 / 100);
  CHECK(most > kS * 99 / 100);
}

TEST_CASE("Backoff: a longer pause that the receiver asks for is honoured, up to an hour") {
  Backoff backoff(1);
  CHECK(backoff.after_failure(30 * kS) == 30 * kS);
  CHECK(backoff.after_failure(10'000 * kS) == 3600 * kS);
  CHECK(backoff.after_failure(1) >= 2 * kS);   // the third pause is up to 4 s
}

}  // namespace
}  // namespace ringside
