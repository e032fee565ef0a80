#include <memory>

#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/commands/explain.h"

namespace ringside::tool {

Command add_explain(CLI::App& program) {
  const auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = program.add_subcommand(
      "explain",
      "a slow operation: its difference from the others, stage by stage, and what every other "
      "thread did meanwhile");
  add_source(*command, options->source);
  command->add_option(
      "place", options->place,
      "its place, as `ringside tail` shows it: 3:1023; without it, the slowest that "
      "the flags let through");
  command
      ->add_option("--companions", options->companions,
                   "how many of the operations beside it are listed")
      ->capture_default_str();
  command->add_flag("--json", options->json, "as one JSON object, with all of them");
  add_filter_flags(*command, options->filter);
  command->footer(
      "Examples:\n"
      "  ringside explain chat 3:1023\n"
      "  ringside explain chat --op SEND_MESSAGE          the slowest SEND_MESSAGE that is there\n"
      "  ringside explain chat.previous --errors          after a crash\n"
      "\n"
      "A `=` behind an actor or a subject marks those that the operation has, too. `began` counts\n"
      "from its beginning.\n");
  return {command, [options] { return explain(*options); }};
}

}  // namespace ringside::tool
