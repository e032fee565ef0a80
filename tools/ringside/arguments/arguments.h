// The commands as they are written on a command line. Each function adds one to the program. Help,
// completion and manual pages are made of what they add.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "tools/ringside/filter/filter_flags.h"

namespace ringside::tool {

struct Command {
  CLI::App* app = nullptr;
  std::function<int()> run;  // its exit code: 0 done, 1 failed, 2 wrong usage
};

Command add_autopsy(CLI::App& program);
Command add_completion(CLI::App& program);
Command add_control(CLI::App& program);
Command add_explain(CLI::App& program);
Command add_export(CLI::App& program);
Command add_hist(CLI::App& program);
Command add_inspect(CLI::App& program);
Command add_list(CLI::App& program);
Command add_manual(CLI::App& program);
Command add_record(CLI::App& program);
Command add_replay(CLI::App& program);
Command add_report(CLI::App& program);
Command add_show(CLI::App& program);
Command add_tail(CLI::App& program);
Command add_top(CLI::App& program);

// What commands have in common.
void add_source(CLI::App& command, std::string& source);
void add_filter_flags(CLI::App& command, FilterFlags& flags);

}  // namespace ringside::tool
