#include <cstdio>
#include <memory>

#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/commands/commands.h"

namespace ringside::tool {

namespace {

struct Given {
  ReportOptions options;
  bool pin = false;
  bool unpin = false;
};

int run(const Given& given) {
  if (given.pin || given.unpin) {
    if (given.options.history.empty()) {
      std::fputs(
          "ringside report: expected the history file whose baseline is meant\n  next: "
          "ringside report HISTORY --pin-baseline\n",
          stderr);
      return 2;
    }
    return pin_baseline(given.options, given.unpin);
  }
  return given.options.history.empty() ? live_report(given.options) : report(given.options);
}

}  // namespace

Command add_report(CLI::App& program) {
  const auto given = std::make_shared<Given>();
  ReportOptions& options = given->options;
  CLI::App* command =
      program.add_subcommand("report", "a report of a running daemon, or of any span of a history");
  command->add_option(
      "history", options.history,
      "the history file: history.db in the daemon's state directory, or a copy. "
      "Without it the running daemon is asked: of this moment, with single calls, or "
      "of its history with --since, --until or --compare-to");
  command->add_option("--socket", options.socket,
                      "that of the daemon; otherwise /run/ringside/ringsided.sock or the one "
                      "in your state directory");
  CLI::Option* since = command->add_option(
      "--since", options.since,
      "a UTC time (2026-11-27T02:00Z) or how long ago (8h); otherwise 8 hours before --until");
  CLI::Option* until = command->add_option("--until", options.until,
                                           "the same; otherwise the end of what the history holds");
  CLI::Option* compare_to = command->add_option(
      "--compare-to", options.compare_to,
      "hold each operation and stage against another span: the same hours of a day (2026-11-26), "
      "so long before (7d, yesterday), FROM..TO, or baseline");
  CLI::Option* of_ring = command->add_option("--ring", options.ring, "only this ring");
  CLI::Option* of_operation =
      command->add_option("--operation", options.operation, "only this operation, with all events");
  CLI::Option* format =
      command->add_option("--format", options.format, "text, markdown, html or json")
          ->check(CLI::IsMember({"text", "markdown", "html", "json"}))
          ->capture_default_str();
  CLI::Option* output =
      command->add_option("-o,--output", options.output,
                          "a file to write, whole or not at all, in place of standard output");
  CLI::Option* pin_flag = command->add_flag(
      "--pin-baseline", given->pin,
      "no report: make the span (without --since the last seven days) the one that regressions "
      "are measured against");
  CLI::Option* unpin_flag = command->add_flag(
      "--unpin-baseline", given->unpin, "no report: measure them against the past week again");
  unpin_flag->excludes(pin_flag, since, until);
  for (CLI::Option* one : {pin_flag, unpin_flag})
    one->excludes(compare_to, of_ring, of_operation, format, output);

  command->footer(
      "Examples:\n"
      "  ringside report                                  of the running daemon, now\n"
      "  ringside report --since 8h --format html -o night.html\n"
      "  ringside report history.db --since 2h --compare-to yesterday\n");
  return {command, [given] { return run(*given); }};
}

}  // namespace ringside::tool
