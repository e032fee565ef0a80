#include <CLI/CLI.hpp>
#include <cstdio>

#include "daemon/storage/standard_streams.h"
#include "tools/ringside/commands/commands.h"

namespace {

int run(int argc, char** argv) {
  using namespace ringside::tool;
  CLI::App app(
      "Looks into the rings of traced servers. Reads only: whatever it does, the server does not "
      "notice.",
      "ringside");
  app.set_version_flag("--version", RINGSIDE_VERSION);
  // Not required here but checked below. CLI11 would complain about a missing command before it
  // names a wrong flag.
  app.require_subcommand(0, 1);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("ringside: ") + error.what() + "\n  next: ringside --help\n";
  });

  std::string folder = "/dev/shm";
  CLI::App* list_command = app.add_subcommand("list", "every ring, with its server and state");
  list_command->add_option("--folder", folder, "where rings are looked for")->capture_default_str();

  std::string ring;
  InspectOptions inspect_options;
  CLI::App* inspect_command =
      app.add_subcommand("inspect", "what a ring is, who writes it, what its totals say");
  inspect_command->add_option("ring", ring, "a ring's name, or a path with a '/'")->required();
  inspect_command->add_flag("--json", inspect_options.json, "as one JSON object");

  TailOptions tail_options;
  bool once = false;
  CLI::App* tail_command =
      app.add_subcommand("tail", "records as they are written; after a crash, the last ones");
  tail_command->add_option("ring", ring, "a ring's name, or a path with a '/'")->required();
  tail_command
      ->add_option("-n,--records", tail_options.records,
                   "how many of those already there to show first")
      ->capture_default_str();
  tail_command->add_flag("--once", once, "show those and end");
  tail_command->add_flag("--failures", tail_options.failures, "only what did not end with ok");
  tail_command->add_flag("!--no-labels", tail_options.labels,
                         "ids alone, without what the server calls its users, rooms, addresses");
  tail_command->add_option("--op", tail_options.operations,
                           "only this operation or event; repeatable");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (app.get_subcommands().empty()) {
    std::fputs("ringside: expected a command: list, inspect or tail\n  next: ringside --help\n",
               stderr);
    return 2;
  }
  tail_options.follow = !once;
  if (list_command->parsed()) return list(folder);
  if (inspect_command->parsed()) return inspect(ring, inspect_options);
  return tail(ring, tail_options);
}

}  // namespace

int main(int argc, char** argv) {
  ringside::secure_streams();
  return ringside::finish_output("ringside", run(argc, argv));
}
