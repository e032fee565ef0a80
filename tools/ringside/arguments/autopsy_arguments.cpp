#include <memory>

#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/commands/autopsy.h"

namespace ringside::tool {

Command add_autopsy(CLI::App& program) {
  const auto options = std::make_shared<AutopsyOptions>();
  CLI::App* command = program.add_subcommand(
      "autopsy", "what a server was doing when it ended: one page of text for a ticket");
  add_source(*command, options->source);
  command->add_option("-n,--records", options->records, "how many of each thread's last records")
      ->capture_default_str();
  command->add_flag("--json", options->json, "as one JSON object");
  command->footer(
      "Examples:\n"
      "  ringside autopsy chat                     after a crash, before the server is started "
      "again\n"
      "  ringside autopsy /dev/shm/ringside.chat.previous     and after that\n"
      "\n"
      "Of a living server it says the same as of this moment.\n");
  return {command, [options] { return autopsy(*options); }};
}

}  // namespace ringside::tool
