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
  command->add_flag("--json", given->options.json, "as one JSON object");
  command->footer(
      "Examples:\n  ringside inspect chat\n  ringside inspect chat --json | jq .gauges\n");
  return {command, [given] { return inspect(given->ring, given->options); }};
}

}  // namespace ringside::tool
