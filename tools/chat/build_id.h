// Which build of the server this is.
#pragma once

#include <string>

namespace chatd {

// The version and the first 12 hex digits of the build id that the linker has put into the program,
// which changes with every change of its code: "0.1.0+0c0a02136678". Without one the version alone.
std::string build_id();

}  // namespace chatd
