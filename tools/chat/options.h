// The command line.
#pragma once

#include <optional>
#include <string>

#include "tools/chat/net/server.h"

namespace chatd {

struct CommandLine {
  ServerOptions server;
  std::string port_file;
  std::string log_level = "info";
  // Of all options with their values, but where the port is told: 16 hex digits.
  std::string configuration_digest;
};

// Returns nothing when the program must end at once with `exit_code`: 0 after --help, 2 after wrong
// usage. The message is printed by then.
std::optional<CommandLine> parse_command_line(int argc, char** argv, int& exit_code);

}  // namespace chatd
