// The library as a part of the program that links it.
#pragma once

#include <string>

namespace ringside {
namespace detail {

// Why a program that was compiled with other headers than the library's is not traced. `headers` is
// the version of its headers.
std::string other_headers(const char* headers);

// Keeps the plug-in or library that holds this code loaded until the process ends, also after
// dlclose(). Threads that end later call it, and the ring's locks are held in memory that it has
// mapped. False when it could not be kept.
bool stay_loaded();

}  // namespace detail
}  // namespace ringside
