// Runs one of our programs with arguments, and says how it ended and what it said.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

namespace ringside::test {

struct ProgramEnd {
  int code = -1;       // -1: a signal ended it
  std::string output;  // stdout and stderr
};

inline ProgramEnd run_program(const std::string& program, const std::string& arguments) {
  FILE* pipe = ::popen((program + " " + arguments + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  ProgramEnd ended;
  std::array<char, 4096> buffer{};
  while (const std::size_t bytes = std::fread(buffer.data(), 1, buffer.size(), pipe))
    ended.output.append(buffer.data(), bytes);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  return ended;
}

}  // namespace ringside::test
