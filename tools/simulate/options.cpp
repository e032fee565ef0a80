#include "tools/simulate/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <thread>

#include "tools/simulate/output.h"
#include "tools/simulate/regressions.h"

namespace ringside::simulate {
namespace {

constexpr const char* kDescription =
    "Simulates a chat server, its users, its troubles and its calm days in virtual time, feeds "
    "what\n"
    "the server would have recorded through the daemon's own metrics and alerts, and scores the\n"
    "alerts: ours, and two rivals' as their documentation describes them.";

constexpr const char* kFooter = R"(
Examples:
  ringside-simulate --seeds 2 --days 0               the incidents alone
  ringside-simulate --only locked_database --trace   one scenario, line by line
  ringside-simulate --calm --seeds 20 --days 7       no false alarm?
  ringside-simulate --month                          does anything grow?
  ringside-simulate --regressions                    which slowdowns are found, and when?
  ringside-simulate --held-back --seeds 20 --days 7 --json scores.json

Exit codes: 0 done, 1 failed, 2 wrong usage.)";

int refuse(const std::string& why) {
  std::cerr << "ringside-simulate: " << why << "\n  next: ringside-simulate --help\n";
  return 2;
}

}  // namespace

int parse_options(int argc, const char* const* argv, Options& options) {
  Corpus& corpus = options.corpus;
  options.jobs = std::max(1U, std::thread::hardware_concurrency());
  CLI::App app(kDescription, "ringside-simulate");
  app.footer(kFooter);
  app.get_formatter()->column_width(28);
  app.add_option("--seed", corpus.seed, "the first run; the same seed gives the same world")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 53))
      ->capture_default_str();
  app.add_option("--seeds", corpus.seeds, "runs of each kind, each with a seed of its own")
      ->type_name("N")
      ->check(CLI::Range(1U, 100'000U))
      ->capture_default_str();
  app.add_option("--days", corpus.days, "of each calm scenario; 0 leaves them out")
      ->type_name("D")
      ->check(CLI::Range(0.0, 3660.0))
      ->capture_default_str();
  app.add_option("--only", corpus.only, "this kind; repeatable. --list names them")
      ->type_name("KIND");
  app.add_flag("--held-back", corpus.held_back,
               "the odd seeds, which are for the last word and not for tuning; else the even ones");
  app.add_flag("--trace", options.trace,
               "every line of one scenario with its virtual time; needs --only with one kind");
  app.add_flag("--list", options.list, "the kinds of scenarios, and what they are");
  CLI::Option* const calm = app.add_flag(
      "--calm", options.calm, "only calm days, and only our alerts; fails if there is an alarm");
  CLI::Option* const month = app.add_flag(
      "--month", options.month,
      "30 days (or --days) with three troubles each: what the daemon holds; fails if it grows");
  calm->excludes(month);
  CLI::Option* const regressions = app.add_flag(
      "--regressions", options.regressions,
      "minutes of history (30 days, or --days, without a change; days with one; 20 seeds, or "
      "--seeds): which regressions are found, beside two rivals; fails if a goal is missed");
  regressions->excludes(calm)->excludes(month);
  CLI::Option* const log =
      app.add_option("--score-log", options.score_log,
                     "simulate nothing: score a real daemon's alert log; fails if it is not right");
  CLI::Option* const truth = app.add_option("--truth", options.truth,
                                            "what ringside-chatload --json says of the same time");
  log->type_name("FILE")->needs(truth)->excludes(calm)->excludes(month)->excludes(regressions);
  truth->type_name("FILE")->needs(log);
  app.add_option("--config", options.config_file,
                 "ringsided's configuration to judge; else its defaults")
      ->type_name("FILE");
  app.add_option("--jobs", options.jobs, "threads; the scores do not depend on it")
      ->type_name("N")
      ->check(CLI::Range(1U, 1024U))
      ->capture_default_str();
  app.add_option("--json", options.json_file, "where the scores go, as JSON")->type_name("FILE");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& wrong) {
    return refuse(wrong.what());
  }
  if ((options.month || options.regressions) && app.count("--days") == 0) corpus.days = 30;
  if (options.regressions && app.count("--seeds") == 0) corpus.seeds = 20;
  if (options.regressions &&
      (options.trace || !options.json_file.empty() || !options.config_file.empty()))
    return refuse(
        "--regressions is one table: --trace, --config and --json do not go "
        "with it");
  if (options.regressions && corpus.days <= 0)
    return refuse("--regressions needs days: expected --days above 0");
  if ((options.calm || options.month) && (options.trace || !options.json_file.empty()))
    return refuse("--calm and --month say yes or no: --trace and --json do not go with them");
  if (options.month && !corpus.only.empty())
    return refuse("--month has a scenario of its own: --only does not go with it");
  if ((options.calm && corpus.days <= 0) || (options.month && corpus.days < 4))
    return refuse(options.calm ? "--calm needs days: expected --days above 0"
                               : "--month needs four days or more to compare");
  const std::vector<std::string> words = regression_words();
  for (const std::string& name : corpus.only) {
    const bool known = std::find(words.begin(), words.end(), name) != words.end();
    if (options.regressions && !known)
      return refuse(
          fmt::format("--regressions --only {}: expected one of {}", name, fmt::join(words, ", ")));
    if (!options.regressions && scenario_kind(name) == nullptr)
      return refuse("--only " + name + ": there is no such kind. The kinds are:\n" + list_kinds());
  }
  if (options.trace && corpus.only.size() != 1)
    return refuse("--trace shows one scenario: expected one --only KIND, found " +
                  std::to_string(corpus.only.size()));
  if (options.trace && !options.json_file.empty())
    return refuse("--trace gives no scores, so --json would stay empty");
  return -1;
}

}  // namespace ringside::simulate
