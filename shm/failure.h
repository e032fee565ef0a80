// Why something could not be set up.
#pragma once

#include <string>

namespace ringside {

// The message says what was found, what was expected and what to do next.
struct Failure {
  int error_number = 0;   // errno where a system call failed, else 0
  std::string message;    // begins with the path; may have a second line, "  next: …"
};

// Formats `path: what: strerror` for a failed system call.
Failure system_failure(const std::string& path, const char* action, int error_number,
                       const char* next = nullptr);

}  // namespace ringside
