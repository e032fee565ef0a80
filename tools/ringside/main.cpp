#include <CLI/CLI.hpp>
#include <cstdio>

#include "daemon/storage/standard_streams.h"
#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/commands/alerts_command.h"

namespace {

int run(int argc, char** argv) {
  using namespace ringside::tool;
  CLI::App app(
      "Looks into the rings of traced servers, and into what the daemon has kept of them. Reads "
      "only, but for control and replay: the server does not notice it.",
      "ringside");
  app.set_version_flag("--version", RINGSIDE_VERSION);
  // Not required here but checked below. CLI11 would complain about a missing command before it
  // names a wrong flag.
  app.require_subcommand(0, 1);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("ringside: ") + error.what() + "\n  next: ringside --help\n";
  });
  const Command commands[] = {
      add_list(app),    add_inspect(app), add_tail(app),   add_show(app),       add_explain(app),
      add_autopsy(app), add_top(app),     add_hist(app),   add_record(app),     add_replay(app),
      add_export(app),  add_control(app), add_report(app), add_completion(app), add_manual(app)};
  const AlertsCommand alerts(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  for (const Command& command : commands)
    if (command.app->parsed()) return command.run();
  if (alerts.parsed()) return alerts.run();
  std::string names;
  for (const CLI::App* command : app.get_subcommands({})) names += " " + command->get_name();
  std::fprintf(stderr, "ringside: expected a command:%s\n  next: ringside --help\n", names.c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  ringside::secure_streams();
  return ringside::finish_output("ringside", run(argc, argv));
}
