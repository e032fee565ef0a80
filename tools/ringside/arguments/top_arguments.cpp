#include <iterator>
#include <map>
#include <memory>

#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/commands/top.h"

namespace ringside::tool {

Command add_top(CLI::App& program) {
  const auto options = std::make_shared<top::TopOptions>();
  CLI::App* command = program.add_subcommand(
      "top", "a full screen: operations, threads, errors and actors of a server, as they are now");
  add_source_or_past(*command, options->session.source, options->past);
  command->add_flag("--once", options->once,
                    "print one table and end; of a living server, after a second");
  command->add_flag("--json", options->json, "as --once, all of it as one JSON object");
  command->add_option(
      "--at", options->session.at,
      "of a recording, a server that has ended, a history or a daemon: the moment to "
      "begin with, a UTC time (2026-11-27T02:13:00Z), a time of day, or 30s before "
      "the end");
  add_words<top::TopWindow>(*command, "--window", options->window,
                            {{"1s", top::TopWindow::s1},
                             {"10s", top::TopWindow::s10},
                             {"60s", top::TopWindow::s60},
                             {"1m", top::TopWindow::m1},
                             {"5m", top::TopWindow::m5},
                             {"1h", top::TopWindow::h1}},
                            "1s, 10s or 60s; of a history or a daemon 1m, 5m or 1h")
      ->default_str("10s, 1m");
  add_words<top::Sort>(*command, "--sort", options->sort,
                       {{"time", top::Sort::time},
                        {"rate", top::Sort::rate},
                        {"p95", top::Sort::p95},
                        {"errors", top::Sort::errors}},
                       "time, rate, p95 or errors")
      ->default_str("time");
  command->add_flag("!--no-labels", options->session.labels,
                    "ids alone, without what the server calls its users, rooms, addresses");
  add_filter_flags(*command, options->session.filter);
  command->footer(
      "Examples:\n"
      "  ringside top chat\n"
      "  ringside top chat --op 'SEND_*' --window 60s\n"
      "  ringside top /dev/shm/ringside.chat.previous     the server that has crashed\n"
      "  ringside top chat --once --sort errors\n"
      "  ringside top chat --json | jq '.operations[] | select(.p95_ns > 5e7).name'\n"
      "  ringside top                                     the running daemon, and its history\n"
      "  ringside top --socket /run/ringside/ringsided.sock --ring chat\n"
      "  ringside top --history history.db --at 02:13 --window 5m\n"
      "\n"
      "Keys: o l e a (operations, lanes, errors, actors), Enter (one operation), / (filter),\n"
      "s (sort), + - (window), p (pause), [ ] (back and forth in time), ? (help), q (back, quit).\n"
      "A history has whole minutes and no single calls: of the filters --op, --kind, and op, "
      "category\n"
      "and kind of -q can be given.\n"
      "At the end, standard error has how many records were examined, matched, and lost.\n");
  return {command, [options] {
            return options->session.source.empty() ? top::top_of_minutes(*options)
                                                   : top::top_command(*options);
          }};
}

}  // namespace ringside::tool
