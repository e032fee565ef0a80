#include "producer/environment.h"

#include <stdlib.h>

#include "shm/layout.h"

namespace ringside {
namespace detail {

const char* environment(const char* variable) {
  const char* text = secure_getenv(variable);
  return text != nullptr && *text != '\0' ? text : nullptr;
}

std::string ignored_variable(const char* variable) {
  if (getenv(variable) == nullptr || secure_getenv(variable) != nullptr) return {};
  return std::string(variable) +
         " is ignored in a program that runs with raised privileges\n  next: set Setup::ring";
}

bool number_from_environment(const char* variable, std::uint32_t* out, std::string* why) {
  const char* text = environment(variable);
  if (text == nullptr) return true;
  char* end = nullptr;
  const unsigned long value = strtoul(text, &end, 10);
  if (*end != '\0' || *text == '-' || value > kMaxCapacity) {
    *why = std::string(variable) + "=" + text + ": expected a number up to " +
           std::to_string(kMaxCapacity) + "\n  next: correct it or unset it";
    return false;
  }
  *out = static_cast<std::uint32_t>(value);
  return true;
}

bool mode_from_environment(const char* variable, unsigned* out, std::string* why) {
  const char* text = environment(variable);
  if (text == nullptr) return true;
  char* end = nullptr;
  const unsigned long value = strtoul(text, &end, 8);
  if (*end != '\0' || *text == '-' || value > 0777 || (value & 0600) != 0600) {
    *why = std::string(variable) + "=" + text +
           ": expected a file's permissions in octal, from 0600 on\n  next: correct it (0640 lets "
           "a group watch) or unset it";
    return false;
  }
  *out = static_cast<unsigned>(value);
  return true;
}

}  // namespace detail
}  // namespace ringside
