// What became of earlier advice, and the figures that tell it.
#include "report/analysis/kept_advice.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "report/analysis/advice_figures.h"
#include "report/analysis/past_snapshot.h"
#include "report/render/json.h"
#include "report/render/text.h"
#include "tests/unit/report/server.h"

using namespace ringside;
using sample::mentions;
using sample::Server;

namespace {

constexpr std::int64_t kAt = 1'772'409'600'000'000'000;  // 2026-03-02 00:00:00 UTC
constexpr std::int64_t kAnHour = 3'600'000'000'000;

// SEND spends `share` of its 4 ms in the database.
Server server_with(double share) {
  Server server;
  server.operation("SEND", 10'000, 4, {{"database", share}, {"delivery", 0.2}});
  server.snapshot.wall_ns = kAt + 30 * kAnHour;
  return server;
}

// Said from kAt on for ten hours; the stage took 2 ms of a call.
HistoryAdvice said() {
  HistoryAdvice advice;
  advice.key = {AdviceKind::stage, {}, "database"};
  advice.first_ns = kAt;
  advice.last_ns = kAt + 10 * kAnHour;
  advice.first_figure = advice.last_figure = 2e6;
  advice.what = "Make the database stage cheaper.";
  advice.evidence = "It takes half of the time.";
  return advice;
}

void end(HistoryAdvice& advice, std::int64_t after_ns, bool deployed) {
  advice.absent_looks = 2;
  advice.absent_since_ns = advice.last_ns + kAnHour;
  advice.absent_ns = advice.last_ns + after_ns;
  advice.absent_figure = 1e6;
  if (deployed) advice.change = {advice.last_ns + kAnHour / 2, "deploy", "build 2, before 1"};
}

struct Told {
  Server server;
  HistorySpan history;
  Told(double share, const HistoryAdvice& advice) : server(server_with(share)) {
    history.advice = {advice};
  }
  KeptAdvice kept() const { return analyse(server.snapshot, &history).kept_advice.at(0); }
  std::string text(bool whole = true) const {
    const std::string text =
        render_text(Report(server.snapshot, &history), {.limits = {.whole = whole}});
    std::string joined;  // lines are broken anywhere
    for (const char c : text) {
      if (c == '\n' || c == ' ') {
        if (!joined.empty() && joined.back() != ' ') joined += ' ';
      } else {
        joined += c;
      }
    }
    return joined;
  }
};

double figure(AdviceKind kind, const char* subject, const Server& server) {
  const AdviceKey key{kind, kind == AdviceKind::stage ? "" : "chat", subject};
  return advice_figure(key, server.snapshot, server.analysed(), nullptr).value_or(-1);
}

}  // namespace

TEST_CASE(
    "KeptAdvice: a deploy near its end is what it was followed by, and the gain is measured") {
  HistoryAdvice advice = said();
  end(advice, 2 * kAnHour, true);
  const Told told(0.1, advice);
  const KeptAdvice kept = told.kept();
  CHECK(kept.state == KeptAdvice::State::followed);
  CHECK(kept.figure == doctest::Approx(0.4e6));  // of this report, not of the last look
  CHECK(kept.gain() == doctest::Approx(0.8));
  CHECK(outcome_of(kept) ==
        "followed by a deploy at 2026-03-02T10:30Z: build 2, before 1. 2.00 ms then, 400 µs "
        "now: 80 % less.");
  const std::string text = told.text();
  CHECK(mentions(text, "Earlier advice, and what became of it"));
  CHECK(mentions(text, "Make the database stage cheaper."));
  CHECK(mentions(text, "2026-03-02T00:00Z to 2026-03-02T10:00Z"));
  CHECK(mentions(told.text(false), "suggestions 1; 1 of earlier followed"));
  const auto json = nlohmann::json::parse(render_json(Report(told.server.snapshot, &told.history)));
  const auto& one = json["analysis"]["advice"].at(0);
  CHECK(one["state"] == "followed");
  CHECK(one["followed_by"]["text"] == "build 2, before 1");
  CHECK(one["figure_then"] == 2e6);
  CHECK(one["unit"] == "ns");
}

TEST_CASE("KeptAdvice: over without a change takes a day, as a quiet night is no end") {
  HistoryAdvice advice = said();
  end(advice, 8 * kAnHour, false);
  CHECK(Told(0.1, advice).kept().state == KeptAdvice::State::holds);
  end(advice, 24 * kAnHour, false);
  const KeptAdvice kept = Told(0.1, advice).kept();
  CHECK(kept.state == KeptAdvice::State::over);
  CHECK(mentions(outcome_of(kept), "no deploy, reload or start is known near its end."));
  advice.absent_looks = 1;
  CHECK(Told(0.1, advice).kept().state == KeptAdvice::State::holds);
}

TEST_CASE("KeptAdvice: what is suggested again says since when, and how its figure went") {
  const Told told(0.6, said());
  CHECK(told.kept().state == KeptAdvice::State::holds);
  const std::string text = told.text();
  CHECK(mentions(text, "2026-03-02T00:00Z: 2.00 ms then, 2.40 ms now: 20 % more."));
  CHECK_FALSE(mentions(text, "Earlier advice"));
  CHECK(mentions(Told(0.51, said()).text(), "2.00 ms then, 2.04 ms now: about the same."));
}

TEST_CASE("KeptAdvice: what no look could tell for a day is not said to hold") {
  Told told(0.1, said());
  told.server.snapshot.wall_ns = kAt + 40 * kAnHour;
  CHECK(told.kept().state == KeptAdvice::State::unseen);
  CHECK(mentions(outcome_of(told.kept()), "since then too little was seen to tell."));
}

TEST_CASE("KeptAdvice: a report of before the last look has that look's figure") {
  Told told(0.1, said());
  told.server.snapshot.wall_ns = kAt + 2 * kAnHour;
  CHECK(told.kept().figure == 2e6);
  CHECK(told.kept().figure_wall_ns == kAt + 10 * kAnHour);
}

TEST_CASE("KeptAdvice: what is over comes first, the latest before the earlier") {
  Told told(0.1, said());
  HistoryAdvice older = said();
  older.key.subject = "older";
  end(older, 2 * kAnHour, true);
  HistoryAdvice newer = said();
  newer.key.subject = "newer";
  newer.last_ns += kAnHour;
  end(newer, 2 * kAnHour, true);
  told.history.advice = {said(), older, newer};
  std::string order;
  for (const KeptAdvice& kept : analyse(told.server.snapshot, &told.history).kept_advice)
    order += kept.advice.key.subject + " ";
  CHECK(order == "newer older database ");
}

TEST_CASE("AdviceFigure: known whether it is suggested or not, from a hundred calls on") {
  Server server = server_with(0.1);
  CHECK(figure(AdviceKind::stage, "database", server) == doctest::Approx(0.4e6));
  CHECK(figure(AdviceKind::stage, "gone", server) == 0);
  CHECK(figure(AdviceKind::operation, "SEND", server) == doctest::Approx(4e6));
  CHECK(figure(AdviceKind::tail, "SEND", server) == doctest::Approx(4e6).epsilon(0.02));
  CHECK(figure(AdviceKind::tail, "GONE", server) == -1);
  CHECK(figure(AdviceKind::operation, "GONE", server) == -1);
  server.event(names::kRetry, 50, 0, 1000);
  CHECK(figure(AdviceKind::retries, "", server) == doctest::Approx(1e9 / 10'000));
  server.event(names::kDbTransaction, 200, 50, 10);
  server.event(names::kSlowQuery, 20, 0, 500);
  CHECK(figure(AdviceKind::rollbacks, "", server) == doctest::Approx(0.25));
  CHECK(figure(AdviceKind::queries, "", server) == doctest::Approx(5e8 / 10'000));
  CHECK(figure(AdviceKind::clients, "", server) == 0);
  CHECK(figure(AdviceKind::sight, "", server) == doctest::Approx(0.7));
  CHECK(figure(AdviceKind::memory, "", server) == -1);  // that takes a history
  Server few;
  few.operation("SEND", 99, 4, {{"database", 0.5}});
  for (const AdviceKind kind : {AdviceKind::operation, AdviceKind::tail, AdviceKind::queries,
                                AdviceKind::clients, AdviceKind::sight, AdviceKind::tight}) {
    CAPTURE(name_of(kind));
    CHECK(figure(kind, "SEND", few) == -1);
  }
  CHECK(figure(AdviceKind::stage, "database", few) == -1);
}

TEST_CASE(
    "AdviceFigure: the pace of a resource is known from a trend, or from three days without") {
  Server server = server_with(0.1);
  server.snapshot.thresholds.memory_bytes = 1'000'000;
  const AdviceKey key{AdviceKind::memory, "chat", {}};
  const auto pace = [&](int hours, double begin, double an_hour) {
    HistorySpan history;
    history.begin_wall_s = kAt / 1'000'000'000;
    HistoryGauge& gauge = history.gauges.emplace_back();
    gauge.ring = "chat";
    gauge.name = "memory_bytes";
    for (int hour = 0; hour < hours; ++hour) {
      const auto value = static_cast<std::int64_t>(begin + an_hour * hour);
      gauge.samples.push_back({history.begin_wall_s + hour * 3600, value, value, value});
    }
    history.end_wall_s = history.begin_wall_s + hours * 3600;
    return advice_figure(key, server.snapshot, server.analysed(), &history).value_or(-1);
  };
  CHECK(pace(8, 100'000, 10'000) == doctest::Approx(240'000));
  CHECK(pace(8, 100'000, 10) == -1);  // a night can't tell that the leak is closed
  CHECK(pace(96, 100'000, 0) == 0);
  CHECK(pace(96, 1'000'000, 0) == -1);  // at the limit
  // A report of a night leaves the figure of the look as it is.
  HistoryAdvice leak = said();
  leak.key = key;
  leak.last_figure = leak.first_figure = 5'000;
  CHECK(Told(0.1, leak).kept().figure == 5'000);
}

TEST_CASE("KeptAdvice: what takes days is a suggestion of a night's report, too") {
  HistoryAdvice leak = said();
  leak.key = {AdviceKind::memory, "chat", {}};
  leak.what = "Plan more memory (chat).";
  leak.last_ns = kAt + 29 * kAnHour;
  Told told(0.1, leak);
  const Analysis analysis = analyse(told.server.snapshot, &told.history);
  const Suggestion* found = sample::suggestion(analysis, "Plan more memory");
  REQUIRE(found != nullptr);
  CHECK(found->why == "found at 2026-03-03T05:00Z in the days before");
  CHECK(found->evidence == leak.evidence);
  CHECK_FALSE(mentions(told.text(), "Earlier advice"));
  // What another look did not give again, or a look long ago gave, is none.
  told.history.advice[0].absent_looks = 1;
  CHECK(sample::suggestion(analyse(told.server.snapshot, &told.history), "memory") == nullptr);
  told.history.advice[0].absent_looks = 0;
  told.history.advice[0].last_ns = kAt + 26 * kAnHour;
  CHECK(sample::suggestion(analyse(told.server.snapshot, &told.history), "memory") == nullptr);
  // What a night can tell itself is not taken over.
  told.history.advice[0] = said();
  told.history.advice[0].last_ns = kAt + 29 * kAnHour;
  CHECK(sample::suggestion(analyse(told.server.snapshot, &told.history), "database") == nullptr);
}

TEST_CASE("AdviceFigure: what is kept does not tell who was behind a call") {
  Server server = server_with(0.1);
  FailedLogins& source = server.snapshot.failed_by_address.emplace_back();
  source.ring = "chat";
  source.party = {PartyKind::address, 77, "someone's"};
  source.hour = 300;
  const auto looks = look_at_advice(server.snapshot, server.analysed(), nullptr, {});
  bool found = false;
  for (const AdviceLook& look : looks) {
    CHECK_FALSE(mentions(look.evidence, "someone"));
    found = found ||
            look.evidence == "Failed logins from addresses that were not blocked: 300 an hour.";
  }
  CHECK(found);
}

TEST_CASE("AdviceFigure: a look tells what is suggested, and how what was suggested is now") {
  const Server server = server_with(0.6);
  const Analysis analysis = server.analysed();
  const std::vector<AdviceKey> open = {{AdviceKind::stage, {}, "database"},
                                       {AdviceKind::stage, {}, "delivery"},
                                       {AdviceKind::tail, "chat", "GONE"}};
  const auto looks = look_at_advice(server.snapshot, analysis, nullptr, open);
  REQUIRE(looks.size() == 2);
  CHECK(looks[0].said);
  CHECK(looks[0].key == open[0]);
  CHECK(looks[0].figure == doctest::Approx(2.4e6));
  CHECK(mentions(looks[0].what, "database stage"));
  CHECK_FALSE(looks[1].said);
  CHECK(looks[1].key == open[1]);
  CHECK(looks[1].figure == doctest::Approx(0.8e6));
  CHECK(looks[1].wall_ns == server.snapshot.wall_ns);
}

TEST_CASE("AdviceFigure: each kind has a name, and its unit a form") {
  for (std::size_t i = 0; i < kAdviceKindNames.size(); ++i)
    CHECK_FALSE(format_figure(unit_of(static_cast<AdviceKind>(i)), 3).empty());
  CHECK(name_of(AdviceKind::stage) == std::string("stage"));
  CHECK(name_of(AdviceKind::sources) == std::string("sources"));
  CHECK(format_figure(AdviceUnit::bytes_a_day, 3 << 20) == "3.00 MiB a day");
  CHECK(format_figure(AdviceUnit::an_hour, 1200) == "1,200 an hour");
  CHECK(format_figure(AdviceUnit::times, 40) == "40 times");
}
