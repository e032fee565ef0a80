// The commands as they are written on a command line. Each function adds one to the program. Help,
// completion and manual pages are made of what they add.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tools/ringside/filter/filter_flags.h"
#include "tools/ringside/past/named.h"

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
// A ring, or else a history or a running daemon.
void add_source_or_past(CLI::App& command, std::string& source, past::Named& named);
void add_filter_flags(CLI::App& command, FilterFlags& flags);
// Takes one of these words, and nothing else. `value` must live as long as the command.
template <typename Value>
CLI::Option* add_words(CLI::App& command, const char* name, Value& value,
                       const std::vector<std::pair<std::string, Value>>& words, const char* about) {
  std::vector<std::string> names;
  for (const auto& word : words) names.push_back(word.first);
  return command
      .add_option_function<std::string>(
          name,
          [&value, words](const std::string& given) {
            for (const auto& word : words) {
              if (word.first == given) value = word.second;
            }
          },
          about)
      ->check(CLI::IsMember(names));
}

}  // namespace ringside::tool
