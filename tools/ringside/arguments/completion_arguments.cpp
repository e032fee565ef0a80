#include <cstdio>
#include <memory>

#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/arguments/manual.h"

namespace ringside::tool {

Command add_completion(CLI::App& program) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* command =
      program.add_subcommand("completion", "a script that completes commands, flags and rings");
  command->add_option("shell", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
  command->footer(
      "Examples:\n"
      "  . <(ringside completion bash)\n"
      "  ringside completion zsh > /usr/local/share/zsh/site-functions/_ringside\n");
  return {command, [shell, &program] {
            const std::string text =
                *shell == "bash" ? bash_completion(program) : zsh_completion(program);
            std::fputs(text.c_str(), stdout);
            return 0;
          }};
}

Command add_manual(CLI::App& program) {
  CLI::App* command = program.add_subcommand("manual", "the manual page ringside(1), in roff");
  command->footer("Examples:\n  ringside manual | man -l -\n");
  return {command, [&program] {
            std::fputs(manual_page(program, program.version()).c_str(), stdout);
            return 0;
          }};
}

}  // namespace ringside::tool
