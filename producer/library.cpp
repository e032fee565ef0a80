#include "producer/library.h"

#include <dlfcn.h>
#include <link.h>

#include "producer/version.h"

// Weak: on glibc before 2.34 they stand in libdl. A program that loads plug-ins has it, and in
// every other program nothing can be unloaded.
#pragma weak dladdr1
#pragma weak dlsym

namespace ringside {
namespace detail {

std::string other_headers(const char* headers) {
  const std::string theirs = headers != nullptr ? headers : "unknown";
  const std::string next =
      "\n  next: compile it again with the headers of the library that it is linked with";
  if (theirs == RINGSIDE_VERSION_STRING) {
    return "this program was compiled with other headers of ringside " + theirs +
           " than the library, which can't be told apart by their version" + next;
  }
  return "this program was compiled with the headers of ringside " + theirs +
         ", the library is ringside " RINGSIDE_VERSION_STRING + next;
}

bool stay_loaded() {
  if (&dladdr1 == nullptr || &dlsym == nullptr) return true;
  Dl_info info;
  void* found = nullptr;
  if (dladdr1(reinterpret_cast<void*>(&stay_loaded), &info, &found, RTLD_DL_LINKMAP) == 0)
    return true;
  // By the loader's own name for it, so that no file is looked for. The program itself has none.
  const char* name = static_cast<link_map*>(found)->l_name;
  if (*name == '\0') return true;
  // Not by its name: a static binary, which never comes here, would not link without a warning.
  using Open = void* (*)(const char*, int);
  const auto open = reinterpret_cast<Open>(dlsym(RTLD_DEFAULT, "dlopen"));
  return open != nullptr && open(name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) != nullptr;
}

}  // namespace detail
}  // namespace ringside
