// Minutes of a history that the daemon's own writer has made, as `ringside top` sees them.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/tools/ringside/past_history.h"

namespace ringside::tool::past {

TEST_CASE("PastFeed: the last minute is what its slot says") {
  const Written written;
  const auto feed = written.open();
  const top::Picture picture = shown(*feed);
  CHECK(begin_s(picture) == (kMinutes - 1) * 60);
  CHECK(end_s(picture) == kMinutes * 60);
  CHECK(picture.past);
  CHECK(picture.from == top::From::history);
  const HistorySlot& slot = written.slots.back();
  const top::OperationRow& send = row(picture, "SEND_MESSAGE");
  CHECK(send.count == slot.count());
  CHECK(send.timed == slot.timed);
  CHECK(send.errors == slot.outcomes[1] + slot.outcomes[2]);
  CHECK(send.refused == slot.outcomes[3] + slot.outcomes[4] + slot.outcomes[5]);
  CHECK(send.rate == doctest::Approx(static_cast<double>(slot.count()) / 60));
  CHECK(send.max_ns == static_cast<double>(slot.max_ns));
  CHECK(send.p95_ns == doctest::Approx(slot.latency.quantile_seconds(0.95) * 1e9));
  CHECK(row(picture, "LOGIN_FAILED").event);
  CHECK(row(picture, "LOGIN_FAILED").count == 7);
  // Each kind of error, with its name and its minute.
  std::uint64_t errors = 0;
  for (const top::ErrorRow& error : picture.errors) {
    if (error.operation_name != "SEND_MESSAGE") continue;
    errors += error.count;
    CHECK(error.last_time == "08:11");
    if (error.outcome == "error") CHECK(error.code == "100 DB_TIMEOUT");
  }
  std::uint64_t expected = 0;
  for (const HistoryError& error : slot.errors) expected += error.count;
  CHECK(errors == expected);
}

TEST_CASE("PastFeed: a window of five minutes is the sum of its minutes") {
  const Written written;
  const auto feed = written.open();
  const top::Picture picture = shown(*feed, 1);
  CHECK(picture.window_s == 300);
  CHECK(picture.seconds == 300);
  const top::OperationRow& send = row(picture, "SEND_MESSAGE");
  CHECK(send.count == written.calls(7, 11));
  const Histogram latency = written.latency(7, 11);
  for (const auto& one :
       {std::pair{0.5, send.p50_ns}, std::pair{0.95, send.p95_ns}, std::pair{0.99, send.p99_ns}})
    CHECK(one.second == doctest::Approx(latency.quantile_seconds(one.first) * 1e9));
  // An hour reaches beyond the begin, and says how much there is.
  const top::Picture hour = shown(*feed, 2);
  CHECK(hour.window_s == kMinutes * 60);
  CHECK(row(hour, "SEND_MESSAGE").count == written.calls(0, 11));
}

TEST_CASE("PastFeed: steps and jumps stay within what the history holds") {
  const Written written;
  const auto feed = written.open();
  shown(*feed);
  feed->step(-60'000'000'000);
  CHECK(end_s(shown(*feed)) == (kMinutes - 1) * 60);
  CHECK(row(shown(*feed), "SEND_MESSAGE").count == written.calls(10, 10));
  feed->step(-300'000'000'000);
  CHECK(end_s(shown(*feed)) == (kMinutes - 6) * 60);
  feed->step_to_begin();
  CHECK(begin_s(shown(*feed)) == 0);
  CHECK(end_s(shown(*feed)) == 60);
  feed->step(-60'000'000'000);
  CHECK(end_s(shown(*feed)) == 60);
  feed->step(60'000'000'000);
  CHECK(end_s(shown(*feed)) == 120);
  feed->step_to_end();
  CHECK(end_s(shown(*feed)) == kMinutes * 60);
  feed->step(60'000'000'000);
  CHECK(end_s(shown(*feed)) == kMinutes * 60);

  std::string why;
  for (const char* text : {"2027-01-15T08:03Z", "2027-01-15T08:03:59Z", "08:03", "8min30s"}) {
    CAPTURE(text);
    feed->step_to_end();
    CHECK(feed->jump(text, why));
    CHECK(begin_s(shown(*feed)) == 180);
  }
  // The end itself belongs to the last minute.
  CHECK(feed->jump("08:12", why));
  CHECK(begin_s(shown(*feed)) == (kMinutes - 1) * 60);
  for (const char* text : {"2027-01-15T07:59Z", "2027-01-15T08:13Z", "2h"}) {
    CAPTURE(text);
    CHECK_FALSE(feed->jump(text, why));
    CHECK(why.find("lies outside") != std::string::npos);
    CHECK(why.find("2027-01-15T08:00Z to 2027-01-15T08:12Z") != std::string::npos);
  }
  CHECK_FALSE(feed->jump("soon", why));
  CHECK(why.find("found `soon`, expected a moment") != std::string::npos);
}

TEST_CASE("PastFeed: after midnight a time of day is that of the evening before") {
  // 23:50 to 00:10.
  constexpr std::int64_t kMidnight = kHistoryBegin + 16 * 3600;
  const Held held{kMidnight - 600, kMidnight + 600};
  std::string why;
  CHECK(minute_of("23:55", held, why) == kMidnight - 300);
  CHECK(minute_of("00:05:30", held, why) == kMidnight + 300);
  CHECK_FALSE(minute_of("12:00", held, why));
}

TEST_CASE("PastFeed: names, categories and kinds can be filtered, and nothing else") {
  const Written written;
  FeedOptions options;
  options.filter.operations = {"SEND_*"};
  const auto feed = written.open(options);
  const top::Picture picture = shown(*feed);
  REQUIRE(picture.operations.size() == 1);
  CHECK(picture.shown == written.calls(11, 11));
  CHECK(picture.filtered > 40);
  for (const top::ErrorRow& error : picture.errors) CHECK(error.operation_name == "SEND_MESSAGE");

  const auto all = written.open();
  FilterError error;
  CHECK(all->set_filter("op ~ 'L*' and not kind = event", error));
  REQUIRE(shown(*all).operations.size() == 1);
  CHECK(shown(*all).operations[0].name == "LIST_ROOMS");
  CHECK(all->set_filter("category != messages or op = LIST_ROOMS", error));
  CHECK(shown(*all).operations.size() == 2);
  CHECK_FALSE(all->set_filter("latency > 5ms", error));
  CHECK(error.text().find("no single calls") != std::string::npos);
  CHECK(error.text().find("^") != std::string::npos);
  CHECK(shown(*all).operations.size() == 2);
  CHECK_FALSE(all->set_filter("kind = thing", error));
  CHECK_FALSE(all->set_filter("op > A", error));

  FilterFlags only;
  for (int i = 0; i < 9; ++i) {
    CAPTURE(i);
    only = {};
    if (i == 0) only.min_latency = "1ms";
    if (i == 1) only.actors = {"alice"};
    if (i == 2) only.stages = {"database>1ms"};
    if (i == 3) only.errors = true;
    if (i == 4) only.lanes = {"1"};
    if (i == 5) only.since = "10s";
    if (i == 6) only.outcomes = {"ok"};
    if (i == 7) only.failures = true;
    if (i == 8) only.expressions = {"value > 3"};
    top::Refusal refusal;
    CHECK(written.open({only, ""}, &refusal) == nullptr);
    CHECK(refusal.code == 2);
    CHECK(refusal.message.find("no single calls") != std::string::npos);
    CHECK(refusal.message.find("--op 'SEND_*'") != std::string::npos);
  }
}

TEST_CASE("PastFeed: the screen says what a history does not have") {
  const Written written;
  const auto feed = written.open({{}, "08:03"});
  top::ViewState state;
  top::Wish wish = wish_of(0);
  top::Picture picture;
  feed->fill(wish, picture);
  top::arrange(picture, state);
  std::string text = screen(picture, state);
  for (const char* words :
       {" HISTORY ", "2027-01-15 08:03–08:04", "window 1 min", "of chat",
        "whole minutes, 8 min before the end; it holds 12 min", "SEND_MESSAGE"}) {
    CAPTURE(words);
    CHECK(text.find(words) != std::string::npos);
  }
  state.screen = top::Screen::lanes;
  CHECK(screen(picture, state).find("a history has no threads") != std::string::npos);
  state.screen = top::Screen::actors;
  CHECK(screen(picture, state).find("a history has no actors") != std::string::npos);
  state.screen = top::Screen::detail;
  wish.detail = row(picture, "SEND_MESSAGE").id;
  feed->fill(wish, picture);
  text = screen(picture, state);
  for (const char* words :
       {"a history has whole minutes and no single calls", "database", "p95", "queue"}) {
    CAPTURE(words);
    CHECK(text.find(words) != std::string::npos);
  }
  CHECK(picture.detail.latency.buckets == written.slots[3].latency.buckets);
}

TEST_CASE("PastFeed: a file that grows is followed by whoever looks at its end") {
  const Written written;
  const auto feed = written.open();
  CHECK(end_s(shown(*feed)) == kMinutes * 60);
  HistoryStore store;
  std::string moved;
  REQUIRE(!store.open(written.path, {}, &moved));
  std::mt19937_64 random{test::seed()};
  store.write(test::history_minute(random, kHistoryBegin + kMinutes * 60, 33));
  feed->pass();
  CHECK(end_s(shown(*feed)) == (kMinutes + 1) * 60);
  // Whoever looks at an earlier minute stays there.
  const auto other = written.open({{}, "08:03"});
  store.write(test::history_minute(random, kHistoryBegin + (kMinutes + 1) * 60, 33));
  other->pass();
  CHECK(begin_s(shown(*other)) == 180);
}

}  // namespace ringside::tool::past
