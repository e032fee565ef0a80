// The variables of the environment that steer tracing.
#pragma once

#include <cstdint>
#include <string>

namespace ringside {
namespace detail {

// The variable's text; null when it is unset or empty. Null in a program that runs with raised
// privileges (set-user-ID, set-group-ID, file capabilities), too: whoever starts it has made its
// environment.
const char* environment(const char* variable);

// Why a variable that is set counts for nothing, in two lines; empty when it counts or is unset.
std::string ignored_variable(const char* variable);

// Reads a number. False, and `why` set, when the variable holds something else.
bool number_from_environment(const char* variable, std::uint32_t* out, std::string* why);
// The same for the permissions of a file, in octal.
bool mode_from_environment(const char* variable, unsigned* out, std::string* why);

}  // namespace detail
}  // namespace ringside
