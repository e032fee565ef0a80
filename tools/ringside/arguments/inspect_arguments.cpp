#include <memory>

#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/commands/commands.h"

namespace ringside::tool {

Command add_inspect(CLI::App& program) {
  struct Given {
    std::string ring;
    InspectOptions options;
  };
  const auto given = std::make_shared<Given>();
  CLI::App* command =
      program.add_subcommand("inspect", "what a ring is, who writes it, what its totals say");
  add_source(*command, given->ring);
  CLI::Option* json = command->add_flag("--json", given->options.json, "as one JSON object");
  command
      ->add_flag("--names", given->options.names,
                 "also what is registered: operations, events, thresholds, stages, errors")
      ->excludes(json);
  command
      ->add_flag("--labels", given->options.labels,
                 "also what the server calls its users, rooms, addresses")
      ->excludes(json);
  command->add_flag("--verify", given->options.verify,
                    "also check every slot, the books and the tables; exit code 1 if one is wrong");
  command->footer(
      "Examples:\n"
      "  ringside inspect chat\n"
      "  ringside inspect chat --verify\n"
      "  ringside inspect chat --json | jq .gauges\n"
      "\n"
      "`readable` are the records that are still there, and a lane's rate is theirs. `quiet` is "
      "how\n"
      "long ago its newest one ended.\n");
  return {command, [given] { return inspect(given->ring, given->options); }};
}

}  // namespace ringside::tool
