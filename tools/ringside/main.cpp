#include <CLI/CLI.hpp>
#include <cstdio>

#include "daemon/storage/standard_streams.h"
#include "tools/ringside/commands/alerts_command.h"
#include "tools/ringside/commands/commands.h"

namespace {

int run(int argc, char** argv) {
  using namespace ringside::tool;
  CLI::App app(
      "Looks into the rings of traced servers, and into what the daemon has kept of them. Reads "
      "only: whatever it does, the server does not notice.",
      "ringside");
  app.set_version_flag("--version", RINGSIDE_VERSION);
  // Not required here but checked below. CLI11 would complain about a missing command before it
  // names a wrong flag.
  app.require_subcommand(0, 1);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("ringside: ") + error.what() + "\n  next: ringside --help\n";
  });

  std::string folder = "/dev/shm";
  CLI::App* list_command = app.add_subcommand("list", "every ring, with its server and state");
  list_command->add_option("--folder", folder, "where rings are looked for")->capture_default_str();

  std::string ring;
  InspectOptions inspect_options;
  CLI::App* inspect_command =
      app.add_subcommand("inspect", "what a ring is, who writes it, what its totals say");
  inspect_command->add_option("ring", ring, "a ring's name, or a path with a '/'")->required();
  inspect_command->add_flag("--json", inspect_options.json, "as one JSON object");

  TailOptions tail_options;
  bool once = false;
  CLI::App* tail_command =
      app.add_subcommand("tail", "records as they are written; after a crash, the last ones");
  tail_command->add_option("ring", ring, "a ring's name, or a path with a '/'")->required();
  tail_command
      ->add_option("-n,--records", tail_options.records,
                   "how many of those already there to show first")
      ->capture_default_str();
  tail_command->add_flag("--once", once, "show those and end");
  tail_command->add_flag("--failures", tail_options.failures, "only what did not end with ok");
  tail_command->add_flag("!--no-labels", tail_options.labels,
                         "ids alone, without what the server calls its users, rooms, addresses");
  tail_command->add_option("--op", tail_options.operations,
                           "only this operation or event; repeatable");

  const AlertsCommand alerts(app);

  ReportOptions report_options;
  CLI::App* report_command =
      app.add_subcommand("report", "a report of a running daemon, or of any span of a history");
  report_command->add_option(
      "history", report_options.history,
      "the history file: history.db in the daemon's state directory, or a copy. "
      "Without it the running daemon is asked: of this moment, with single calls, or "
      "of its history with --since, --until or --compare-to");
  report_command->add_option(
      "--socket", report_options.socket,
      "that of the daemon; otherwise /run/ringside/ringsided.sock or the one "
      "in your state directory");
  CLI::Option* since = report_command->add_option(
      "--since", report_options.since,
      "a UTC time (2026-11-27T02:00Z) or how long ago (8h); otherwise 8 hours before --until");
  CLI::Option* until = report_command->add_option(
      "--until", report_options.until, "the same; otherwise the end of what the history holds");
  CLI::Option* compare_to = report_command->add_option(
      "--compare-to", report_options.compare_to,
      "hold each operation and stage against another span: the same hours of a day (2026-11-26), "
      "so long before (7d, yesterday), FROM..TO, or baseline");
  CLI::Option* of_ring =
      report_command->add_option("--ring", report_options.ring, "only this ring");
  CLI::Option* of_operation = report_command->add_option("--operation", report_options.operation,
                                                         "only this operation, with all events");
  CLI::Option* format =
      report_command->add_option("--format", report_options.format, "text, markdown, html or json")
          ->check(CLI::IsMember({"text", "markdown", "html", "json"}))
          ->capture_default_str();
  CLI::Option* output = report_command->add_option(
      "-o,--output", report_options.output,
      "a file to write, whole or not at all, in place of standard output");
  bool pin = false;
  bool unpin = false;
  CLI::Option* pin_flag = report_command->add_flag(
      "--pin-baseline", pin,
      "no report: make the span (without --since the last seven days) the one that regressions "
      "are measured against");
  CLI::Option* unpin_flag = report_command->add_flag(
      "--unpin-baseline", unpin, "no report: measure them against the past week again");
  unpin_flag->excludes(pin_flag, since, until);
  for (CLI::Option* one : {pin_flag, unpin_flag})
    one->excludes(compare_to, of_ring, of_operation, format, output);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (app.get_subcommands().empty()) {
    std::fputs(
        "ringside: expected a command: list, inspect, tail, alerts or report\n  next: ringside "
        "--help\n",
        stderr);
    return 2;
  }
  tail_options.follow = !once;
  if (list_command->parsed()) return list(folder);
  if (inspect_command->parsed()) return inspect(ring, inspect_options);
  if (alerts.parsed()) return alerts.run();
  if ((pin || unpin) && report_options.history.empty()) {
    std::fputs(
        "ringside report: expected the history file whose baseline is meant\n  next: "
        "ringside report HISTORY --pin-baseline\n",
        stderr);
    return 2;
  }
  if (report_command->parsed() && report_options.history.empty())
    return live_report(report_options);
  if (pin || unpin) return pin_baseline(report_options, unpin);
  if (report_command->parsed()) return report(report_options);
  return tail(ring, tail_options);
}

}  // namespace

int main(int argc, char** argv) {
  ringside::secure_streams();
  return ringside::finish_output("ringside", run(argc, argv));
}
