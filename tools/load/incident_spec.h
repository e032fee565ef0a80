// An incident as it is asked for: NAME[:key=value,...]@START+DURATION, in seconds after the start
// of the load.
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
  std::string text;              // as given
  double start_s = 0;
  double duration_s = 0;
  std::string db;                // locked-database
  double rate_per_s = 0;         // password-guessing, invalid-burst: all clients together
  std::uint32_t clients = 0;     // password-guessing, invalid-burst
  std::uint32_t connections = 0; // connection-surge
  std::string from;  // local address; empty: 127.0.0.2 for guessing at a loopback server, else any
  int pid = 0;                   // kill-server: one of these two
  std::string pid_file;
  std::string command;           // kill-server: run by /bin/sh
};

// False and a reason in `error` that names what was found and what is expected.
bool parse_incident(std::string_view text, IncidentSpec& spec, std::string& error);

}  // namespace ringside::load
