#include <memory>

#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/commands/control.h"

namespace ringside::tool {

Command add_control(CLI::App& program) {
  const auto options = std::make_shared<ControlOptions>();
  CLI::App* command = program.add_subcommand(
      "control", "tracing on, off or sampled, of a ring or of single operations");
  add_source(*command, options->ring);
  command->add_option("setting", options->setting,
                      "on, off, or 1/10 for one in ten; without it, shows what is set");
  command
      ->add_option("--op", options->operations,
                   "only these operations and events, by name or pattern; repeatable")
      ->allow_extra_args(false);
  command->add_option("--for", options->lasting,
                      "so long (10min), and then back; the tool stays until then");
  command->add_flag("--json", options->json, "before and after, as one JSON object");
  command->footer(
      "Examples:\n"
      "  ringside control chat                          what is set\n"
      "  ringside control chat off --for 10min          and then back\n"
      "  ringside control chat 1/100                    of each operation one in a hundred\n"
      "  ringside control chat off --op 'LIST_*'        these no longer\n"
      "\n"
      "It needs the right to write the ring's file: that of the server's user, or root's. What is\n"
      "sampled out is still counted, and failures are recorded all the same. What is off is not.\n"
      "A tool that is killed with SIGKILL during --for cannot go back.\n");
  return {command, [options] { return control(*options); }};
}

}  // namespace ringside::tool
