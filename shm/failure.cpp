#include "shm/failure.h"

#include <cstring>

namespace ringside {

Failure system_failure(const std::string& path, const char* action, int error_number,
                       const char* next) {
  Failure failure;
  failure.error_number = error_number;
  failure.message = path + ": " + action + ": " + std::strerror(error_number);
  if (next != nullptr) failure.message += std::string("\n  next: ") + next;
  return failure;
}

}  // namespace ringside
