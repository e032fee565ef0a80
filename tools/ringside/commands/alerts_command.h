// The command line of `ringside alerts`.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "tools/ringside/commands/alerts.h"

namespace ringside::tool {

class AlertsCommand {
 public:
  // Adds it to the program's commands, and lives as long as these.
  explicit AlertsCommand(CLI::App& app);
  bool parsed() const { return command_->parsed(); }
  // The exit code; 2 is wrong usage.
  int run() const;

 private:
  void add_list();
  void add_show();
  void add_follow();
  void add_action(const std::string& action, const char* about, bool of_silences);
  CLI::App* add(const char* name, const std::string& about);
  void add_filters(CLI::App* to);
  bool is_text() const;

  AlertsOptions options_;
  CLI::App* command_ = nullptr;
};

}  // namespace ringside::tool
