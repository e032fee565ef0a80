// Makes a token for the API.
#pragma once

#include <string>

#include "daemon/config/config.h"

namespace ringside {

// Adds it to the file that the configuration names, and prints it on standard output, this once.
// What else there is to say goes to standard error. Where the file is a credential of systemd, or
// its file system is read-only, nothing is stored: the line for the source goes to standard error.
// Returns the exit code.
int new_token(const Config& config, const std::string& name, const std::string& scope);

}  // namespace ringside
