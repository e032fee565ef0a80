// An incident as the command line asks for it: NAME[:key=value,...]@START+DURATION. START counts in
// seconds from the start of the load.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringside::load {

enum class IncidentKind : std::uint8_t {
  locked_database,
  password_guessing,
  connection_surge,
  invalid_burst,
  kill_server
};
std::string_view name_of(IncidentKind kind);

struct IncidentSpec {
  IncidentKind kind = IncidentKind::locked_database;
  std::string text;              // as it was given
  double start_s = 0;
  double duration_s = 0;
  std::string db;                // locked-database
  double rate_per_s = 0;         // password-guessing, invalid-burst: all clients together
  std::uint32_t clients = 0;     // password-guessing, invalid-burst
  std::uint32_t connections = 0; // connection-surge
  // The local address. Empty: 127.0.0.2 for password-guessing at an IPv4 loopback server, else any.
  std::string from;
  int pid = 0;                   // kill-server has either pid or pid_file
  std::string pid_file;
  std::string command;           // kill-server: /bin/sh runs it
};

// Returns false for a text that is no incident. `error` then says what was found and what is
// expected.
bool parse_incident(std::string_view text, IncidentSpec& spec, std::string& error);

}  // namespace ringside::load
