#include <csignal>
#include <iomanip>
#include <iostream>

#include "daemon/storage/standard_streams.h"
#include "tools/load/options.h"
#include "tools/load/output.h"
#include "tools/load/run.h"

namespace {

struct Announcer final : ringside::load::RunObserver {
  void on_set_up(const ringside::load::Settings& settings,
                 const ringside::load::Result& result) override {
    std::cout << "set up " << settings.clients << " clients in " << result.rooms << " rooms within "
              << std::fixed << std::setprecision(1) << result.setup_s << " s; the load begins (run "
              << result.run << ", seed " << settings.seed << ")" << std::endl;
  }
};

int run(int argc, char** argv) {
  namespace load = ringside::load;
  load::Options options;
  if (const int code = load::parse_options(argc, argv, options); code >= 0) return code;
  std::signal(SIGPIPE, SIG_IGN);
  try {
    Announcer announcer;
    const load::Result result = load::run_load(options.settings, announcer, true);
    load::print_summary(std::cout, options.settings, result);
    if (!options.json_file.empty()) {
      const std::string why =
          load::write_whole(options.json_file, load::to_json(options.settings, result));
      if (!why.empty()) {
        std::cerr << "ringside-chatload: " << why << '\n';
        return 1;
      }
    }
    bool failed = result.books.protocol_errors() != 0;
    for (const load::IncidentReport& report : result.incidents)
      failed = failed || !report.failure.empty();
    return failed ? 1 : 0;
  } catch (const std::exception& error) {
    std::cerr << "ringside-chatload: " << error.what() << '\n';
    return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  ringside::secure_streams();
  const int code = run(argc, argv);
  std::cout.flush();
  return ringside::finish_output("ringside-chatload", code);
}
