// What --explain says, held against the rules: every figure has its words, and the numbers of calls
// are those at which the rules speak.
#include "daemon/alerts/explain.h"

#include <regex>
#include <set>
#include <sstream>

#include "report/model/format.h"
#include "tests/unit/daemon/alerts/normal_world.h"
#include "tests/unit/daemon/alerts/slo_world.h"

namespace ringside {
namespace {

// All figures that rules can read.
Normal explained_world() {
  Normal world;
  world.config.objectives = {errors_objective()};
  Snapshot& s = world.snapshot;
  s.regressions = {{"chat", "SEND_MESSAGE", "", 10, true, "slower"}};
  for (const char* event : {"DB_TRANSACTION", "RETRY", "RATE_LIMIT", "BLOCKED_ATTEMPT"})
    world.event(event, 1);
  ProcessView process;
  process.ring = "chat";
  process.pid = 4242;
  process.cpu_percent = 1;
  process.resident_bytes = 1 << 20;
  process.open_files = process.threads = 10;
  process.open_files_limit = 1024;
  process.uptime_seconds = 1e6;
  s.processes = {process};
  s.host.cpus = 2;
  s.host.load_1m = s.host.cpu_percent = 1;
  s.host.memory_total_bytes = s.host.memory_available_bytes = 1 << 30;
  s.host.cpu_pressure = s.host.memory_pressure = s.host.io_pressure = Pressure{};
  GaugeView lag;
  lag.ring = "chat";
  lag.name = "loop_lag_ms";
  GaugeView connections = lag;
  connections.name = "connections";
  s.gauges = {lag, connections};
  FailedLogins failed;
  failed.ring = "chat";
  s.failed_by_address = s.failed_by_account = {failed};
  return world;
}

std::vector<Reading> readings_of(const World& world) {
  RuleMemory memory;
  read_figures(world.snapshot, world.config, memory);  // some figures begin at the second tick
  return read_figures(world.snapshot, world.config, memory);
}

// The same, once the usual calls are known.
std::vector<Reading> readings_of_usual(Normal& world) {
  RuleMemory memory;
  for (std::int64_t tick = 1; tick <= 20 * kMinuteTicks; ++tick) {
    world.tick();
    read_figures(world.snapshot, world.config, memory);
    memory.normals.learn(world.snapshot, tick * world.config.tick_ns,
                         [](const std::string&) { return Trouble::none; });
  }
  return read_figures(world.snapshot, world.config, memory);
}

// The part of the text that is about one figure.
std::string part(const std::string& text, const std::string& alert, const std::string& figure) {
  const std::size_t group = text.find("\n" + alert + "\n");
  REQUIRE(group != std::string::npos);
  const std::size_t begin = text.find("\n  " + figure, group);
  REQUIRE(begin != std::string::npos);
  std::size_t end = begin + 1;
  do {
    end = text.find('\n', end) + 1;
  } while (end != 0 && end < text.size() && text.compare(end, 4, "    ") == 0);
  return text.substr(begin + 1, end - begin - 1);
}

// "4 of 4", "6 of 20", ... in it.
std::vector<Share> shares_in(const std::string& words) {
  std::vector<Share> out;
  std::string plain = words;
  std::erase(plain, ',');
  const std::regex pattern("([0-9]+) of ([0-9]+)");
  for (std::sregex_iterator it(plain.begin(), plain.end(), pattern), end; it != end; ++it)
    out.push_back({std::stoull((*it)[1]), std::stoull((*it)[2])});
  return out;
}
std::string on_one_line(const std::string& text) {
  return std::regex_replace(text, std::regex("\\s+"), " ");
}
std::string sentence(const std::string& text, const std::string& begin) {
  const std::string line = on_one_line(text);
  const std::size_t at = line.find(begin);
  REQUIRE(at != std::string::npos);
  return line.substr(at + begin.size(), line.find(". ", at + begin.size()) - at - begin.size());
}

TEST_CASE("Explain: each figure that the rules read is in the table, with the same levels") {
  Normal world = explained_world();
  std::set<const ExplainedFigure*> seen;
  for (const Reading& reading : readings_of_usual(world)) {
    CAPTURE(reading.key());
    const ExplainedFigure* figure = explained_figure(reading.alert, reading.figure);
    REQUIRE(figure != nullptr);
    seen.insert(figure);
    CHECK(figure->unit == reading.unit);
    CHECK(reading.certain == (figure->by == JudgedBy::fact || figure->by == JudgedBy::count ||
                              figure->by == JudgedBy::timed || figure->by == JudgedBy::objective));
    // Latency is learnt, a single operation's traffic only warns, and an objective has its own
    // limits.
    const bool own = reading.alert == AlertType::high_latency ||
                     figure->by == JudgedBy::objective ||
                     (figure->by == JudgedBy::usual && !reading.operation.empty());
    if (!own) CHECK(figure->levels(world.config) == reading.levels);
  }
  for (const ExplainedFigure& figure : explained_figures()) {
    CAPTURE(figure.figure);
    CHECK(seen.contains(&figure));
  }
}

TEST_CASE("Explain: so many slow calls raise an alert, and one less does not") {
  World world;
  const std::string text = part(explain(world.config, &world.snapshot), "high_latency", "p95");
  const auto shares =
      shares_in(sentence(text, "Each level takes, in one of 5 s, 15 s, 1 min and 5 min: "));
  CHECK(shares.size() == 5);
  const auto reached = [&](const Share& slow) {
    WindowStats stats = window_of(slow.of - slow.over, 0, 20);
    const WindowStats late = window_of(slow.over, 0, 300);
    stats.latency.merge(late.latency);
    stats.recorded = stats.timed = slow.of;
    stats.max_ns = late.max_ns;
    World::fill(world.series(world.snapshot.operations, "SEND_MESSAGE"), stats);
    for (const Reading& reading : readings_of(world)) {
      if (reading.alert == AlertType::high_latency) return reading.reached.has_value();
    }
    return false;
  };
  for (const Share& share : shares) {
    CAPTURE(share.of);
    CHECK(reached(share));
    CHECK_FALSE(reached({share.over - 1, share.of}));
  }
}

TEST_CASE("Explain: so many failed calls raise each level, and one less does not") {
  World world;
  const std::string text =
      part(explain(world.config, &world.snapshot), "high_error_rate", "errors");
  for (const AlertLevel level :
       {AlertLevel::warning, AlertLevel::critical, AlertLevel::emergency}) {
    const auto shares = shares_in(sentence(
        text, std::string(name_of(level)) + " takes, in one of 5 s, 15 s, 1 min and 5 min: "));
    CHECK(shares.size() >= 4);
    for (const Share& share : shares) {
      CAPTURE(share.of);
      const auto reached = [&](std::uint64_t over) {
        world.operation("SEND_MESSAGE", share.of, over, 20);
        for (const Reading& reading : readings_of(world)) {
          if (reading.alert == AlertType::high_error_rate && !reading.operation.empty())
            return reading.reached && *reading.reached >= level;
        }
        return false;
      };
      CHECK(reached(share.over));
      CHECK_FALSE(reached(share.over - 1));
    }
  }
}

TEST_CASE("Explain: so many bad calls burn an objective's budget, and one less does not") {
  const SloWorld world;
  const std::string text = part(explain(world.config, &world.snapshot), "slo_burn", "for each");
  const auto shares = shares_in(sentence(
      text, "bad over 1h and over 5min, 14.4 times what may be. At the least 10 bad calls: "));
  CHECK(shares.size() >= 3);
  for (const Share& share : shares) {
    CAPTURE(share.of);
    const auto fires = [&](std::uint64_t bad) {
      SloWorld one;
      one.run(61, 0, 0);  // the hour is known
      one.add(share.of, bad);
      one.tick();
      return !one.burns().empty();
    };
    CHECK(fires(share.over));
    CHECK_FALSE(fires(share.over - 1));
  }
}

TEST_CASE("Explain: what was learnt takes the place of the default, where it is lower") {
  Normal world;
  world.flow("TAKES_LONG", 10, 900);
  world.flow("DECLARED", 10, 0.01);
  world.series(world.snapshot.operations, "DECLARED").declared.response_ns = kSecond;
  world.minutes(20);
  const auto table = [&](const Snapshot* snapshot) {
    return part(explain(world.config, snapshot, &world.engine.normals()), "high_latency", "p95");
  };
  const std::string learnt =
      "    HISTORY             1.01 ms/808 µs   2.00 s/1.60 s    10.0 s/5.00 s    "
      "usual p95 10.0 µs\n";
  CHECK(table(&world.snapshot).find(learnt) != std::string::npos);
  CHECK(table(&world.snapshot).find("TAKES_LONG") == std::string::npos);
  CHECK(table(&world.snapshot).find("declared by the server\n") != std::string::npos);
  // The server need not run. What it will declare is not known then.
  CHECK(table(nullptr).find("usual p95 10.0 µs, unless its server declares another\n") !=
        std::string::npos);
  world.config.alerts.learn = false;
  CHECK(table(&world.snapshot).find("HISTORY") == std::string::npos);
}

TEST_CASE("Explain: where a threshold comes from") {
  World world;
  world.config.thresholds.operations["OPENED"] = {700 * kMillisecond, 2};
  world.config.thresholds.operations["SEND_MESSAGE"].response_ns = 300 * kMillisecond;
  world.operation("LOGIN", 10, 0, 1);
  world.series(world.snapshot.operations, "LOGIN").declared.response_ns = 250 * kMillisecond;
  world.operation("POLL", 10, 0, 1);
  world.series(world.snapshot.operations, "POLL").declared.waits_for_client = true;
  const std::string text = explain(world.config, &world.snapshot);
  CHECK(part(text, "high_latency", "p95").find(R"(
                        warning          critical         emergency
    CREATE_ROOM         500 ms/400 ms    1.00 s/800 ms    5.00 s/2.50 s    default
    LOGIN               250 ms/200 ms    500 ms/400 ms    2.50 s/1.25 s    declared by the server
    OPENED              700 ms/560 ms    1.40 s/1.12 s    7.00 s/3.50 s    configured
    POLL                waits for its client: no alert
    SEND_MESSAGE        300 ms/240 ms    600 ms/480 ms    3.00 s/1.50 s    configured
    all others          1.00 s/800 ms    2.00 s/1.60 s    10.0 s/5.00 s    default
    From thresholds.response_time (default),
    alerts.times_threshold.response_time (default).
    It does not begin in the first 30s of a server (alerts.start_grace). Learnt:
    where neither you nor the server says a threshold, an operation warns from
    10 times its usual p95 on, if that is less)") != std::string::npos);
  CHECK(part(text, "high_error_rate", "errors").find("OPENED              2 %/1.2 %") !=
        std::string::npos);
}

TEST_CASE("Explain: what false_alarms means is said, and moves the numbers of calls") {
  World world;
  const auto calls_at = [&](std::uint64_t times) {
    world.config.alerts.false_alarms = {times, 90 * kDay};
    const std::string text = explain(world.config, &world.snapshot);
    return shares_in(sentence(part(text, "high_latency", "p95"),
                              "Each level takes, in one of 5 s, 15 s, 1 min and 5 min: "));
  };
  const auto few = calls_at(1);
  const auto many = calls_at(1000);
  REQUIRE(few.size() == many.size());
  for (std::size_t i = 1; i < few.size(); ++i) CHECK(few[i].over > many[i].over);
  const std::string text = on_one_line(explain(world.config, nullptr));
  CHECK(text.find("False alarms: 1000 per 90d by chance alone, in all alerts together "
                  "(configured).") != std::string::npos);
  CHECK(text.find("For 20 operations (assumed: no ring can be read now) and 1 ring, every 5s") !=
        std::string::npos);
  CHECK(text.find("Counted: raised at once, by an event of the last 5 s.") != std::string::npos);
}

TEST_CASE("Explain: a figure that is switched off, and one that could never fire, say so") {
  World world;
  world.config.alerts.memory = {};
  world.config.alerts.error_rate = Levels::of(LevelBounds{20, 10});  // 100 % of the calls
  const std::string text = explain(world.config, &world.snapshot);
  CHECK(part(text, "high_memory", "resident").find("Switched off: it has no level.") !=
        std::string::npos);
  CHECK(part(text, "high_error_rate", "errors").find("it never fires") != std::string::npos);
}

TEST_CASE("Explain: lines fit on a terminal") {
  Normal world = explained_world();
  ObjectiveConfig low = errors_objective(90);
  low.name = "low";
  low.operations = {"LOGIN", "SEND_*", "\x1b[2J"};
  world.config.objectives.push_back(low);
  const std::string all = explain(world.config, &world.snapshot);
  CHECK(all.find('\x1b') == std::string::npos);
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(display_width(line) <= 100);
    CHECK((line.empty() || line.back() != ' '));
  }
}

TEST_CASE("Explain: the fewest calls, by trial of all") {
  for (const double limit : {0.01, 0.05, 0.5, 0.94}) {
    for (const std::uint64_t of : {1U, 3U, 20U, 57U, 100U}) {
      std::optional<std::uint64_t> expected;
      for (std::uint64_t k = of; k > 0; --k) {
        if (wilson_low({k, of}, 3) >= limit &&
            static_cast<double>(k) >= limit * static_cast<double>(of))
          expected = k;
      }
      CHECK(least_over(of, limit, 3) == expected);
    }
  }
  CHECK_FALSE(least_over(0, 0.5, 3));
}

}  // namespace
}  // namespace ringside
