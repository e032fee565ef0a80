#include <memory>

#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/commands/commands.h"

namespace ringside::tool {

Command add_list(CLI::App& program) {
  const auto folder = std::make_shared<std::string>("/dev/shm");
  CLI::App* command = program.add_subcommand("list", "every ring, with its server and state");
  command->add_option("--folder", *folder, "where rings are looked for")->capture_default_str();
  command->footer("Examples:\n  ringside list\n  ringside list --folder /run/chat\n");
  return {command, [folder] { return list(*folder); }};
}

}  // namespace ringside::tool
