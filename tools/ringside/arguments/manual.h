// What is made of the commands' definitions: completion for shells, and the manual page. So neither
// can name a flag that is not there.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace ringside::tool {

// A script for bash or zsh that completes commands, flags, their values where they are words, and
// the names of rings.
std::string bash_completion(const CLI::App& program);
std::string zsh_completion(const CLI::App& program);

// ringside(1) in roff, every command with its flags and examples.
std::string manual_page(const CLI::App& program, const std::string& version);

}  // namespace ringside::tool
