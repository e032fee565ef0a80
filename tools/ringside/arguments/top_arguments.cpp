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
  add_source(*command, options->session.source);
  command->add_flag("--once", options->once,
                    "print one table and end; of a living server, after a second");
  command->add_flag("--json", options->json, "as --once, all of it as one JSON object");
  command->add_option("--at", options->session.at,
                      "of a recording, or of a server that has ended: the moment to begin with, a "
                      "UTC time (2026-11-27T02:13:00Z), a time of day, or 30s before the end");
  add_words<std::size_t>(*command, "--window", options->window, {{"1s", 0}, {"10s", 1}, {"60s", 2}},
                         "1s, 10s or 60s")
      ->default_str("10s");
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
      "\n"
      "Keys: o l e a (operations, lanes, errors, actors), Enter (one operation), / (filter),\n"
      "s (sort), + - (window), p (pause), [ ] (back and forth in time), ? (help), q (back, quit).\n"
      "At the end, standard error has how many records were examined, matched, and lost.\n");
  return {command, [options] { return top::top_command(*options); }};
}

}  // namespace ringside::tool
