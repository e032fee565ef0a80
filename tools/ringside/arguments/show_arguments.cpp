#include <memory>

#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/commands/show.h"

namespace ringside::tool {

Command add_show(CLI::App& program) {
  const auto options = std::make_shared<ShowOptions>();
  CLI::App* command = program.add_subcommand("show", "one record, all of it");
  add_source(*command, options->source);
  command->add_option("place", options->place, "its place, as `ringside tail` shows it: 3:1023")
      ->required();
  command->add_flag("--json", options->json, "as one JSON object");
  command->footer("Examples:\n  ringside show chat 3:1023\n  ringside show chat 3:1023 --json\n");
  return {command, [options] { return show(*options); }};
}

}  // namespace ringside::tool
