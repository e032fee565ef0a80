#include <exception>
#include <iostream>

#include "daemon/config/config.h"
#include "daemon/storage/files.h"
#include "daemon/storage/standard_streams.h"
#include "tools/simulate/checks.h"
#include "tools/simulate/options.h"
#include "tools/simulate/output.h"
#include "tools/simulate/real_log.h"
#include "tools/simulate/regressions.h"

namespace {

using namespace ringside::simulate;

int fail(const std::string& why) {
  std::cerr << "ringside-simulate: " << why << '\n';
  return 1;
}

int score_real_log(const Options& options, const ringside::Config& config) {
  ringside::Failure failure;
  const auto log = ringside::read_whole_file(options.score_log, &failure);
  if (!log) return fail(failure.message);
  const auto json = ringside::read_whole_file(options.truth, &failure);
  if (!json) return fail(failure.message);
  std::string why;
  const auto truth = truth_of(*json, &why);
  if (!truth) return fail(options.truth + ": " + why);
  const RealScore score = score_log(*log, *truth, look_interval(config));
  std::cout << score.text;
  return score.good ? 0 : 1;
}

int run(int argc, char** argv) {
  Options options;
  if (const int code = parse_options(argc, argv, options); code >= 0) return code;
  if (options.list) {
    std::cout << list_kinds();
    return 0;
  }
  ringside::Config config;
  if (!options.config_file.empty()) {
    ringside::ConfigResult loaded = ringside::load_config(options.config_file);
    for (const std::string& error : loaded.errors) fail(error);
    if (!loaded.errors.empty()) return 2;
    config = std::move(loaded.config);
  }
  if (options.trace) {
    options.corpus.seeds = 1;
    for (const Scenario& scenario : scenarios_of(options.corpus))
      std::cout << trace(scenario, config);
    return 0;
  }
  if (!options.score_log.empty()) return score_real_log(options, config);
  if (options.regressions) {
    const RegressionTable table =
        regression_table(options.corpus, run_regressions(options.corpus, options.jobs));
    std::cout << table.text;
    return table.good ? 0 : 1;
  }
  if (options.calm || options.month) {
    const Check check = options.calm
                            ? check_calm(options.corpus, config, options.jobs)
                            : check_month(options.corpus, config, [](const std::string& line) {
                                std::cout << line << std::flush;
                              });
    std::cout << check.text;
    return check.good ? 0 : 1;
  }
  const CorpusReport report = run_corpus(options.corpus, config, options.jobs);
  std::cout << tables(options.corpus, report);
  if (options.json_file.empty()) return 0;
  const std::string json = to_json(options.corpus, report);
  const auto failure = ringside::write_whole_file(options.json_file, json, 0666);
  return failure ? fail(failure->message) : 0;
}

}  // namespace

int main(int argc, char** argv) {
  ringside::secure_streams();
  int code = 1;
  try {
    code = run(argc, argv);
  } catch (const std::exception& error) {
    fail(error.what());
  }
  std::cout.flush();
  return ringside::finish_output("ringside-simulate", code);
}
