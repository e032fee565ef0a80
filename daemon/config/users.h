// Users by name, as the system knows them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ringside {

// The number of the user with that name; none when there is no such user. Asks whatever the system
// asks for its users, which may be a server elsewhere, so it is for the reading of a configuration.
std::optional<std::uint32_t> find_user(const std::string& name);

}  // namespace ringside
