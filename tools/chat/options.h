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
};

// Nothing when the program is to leave at once with `exit_code` (help, or wrong usage: 2); the
// message was printed.
std::optional<CommandLine> parse_command_line(int argc, char** argv, int& exit_code);

}  // namespace chatd
