#include "daemon/config/users.h"

#include <pwd.h>

#include <cerrno>
#include <vector>

namespace ringside {

std::optional<std::uint32_t> find_user(const std::string& name) {
  if (name.find('\0') != std::string::npos) return std::nullopt;
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> text(1024);
  int error = 0;
  while ((error = getpwnam_r(name.c_str(), &entry, text.data(), text.size(), &found)) == ERANGE &&
         text.size() < (std::size_t{1} << 20))
    text.resize(2 * text.size());
  if (error != 0 || found == nullptr) return std::nullopt;
  return found->pw_uid;
}

}  // namespace ringside
