#include "tools/ringside/arguments/arguments.h"

namespace ringside::tool {

void add_source(CLI::App& command, std::string& source) {
  command.add_option("ring", source, "a ring's name, or a path with a '/'")->required();
}

void add_source_or_past(CLI::App& command, std::string& source, past::Named& named) {
  CLI::Option* ring = command.add_option(
      "ring", source,
      "a ring's name, or a path with a '/'; without it a history, or the running daemon");
  CLI::Option* history = command.add_option(
      "--history", named.history,
      "a history in place of a ring: history.db in the daemon's state directory, or a copy");
  CLI::Option* socket =
      command.add_option("--socket", named.socket,
                         "the running daemon in place of a ring, by its socket; otherwise "
                         "/run/ringside/ringsided.sock or the one in your state directory");
  CLI::Option* of_ring =
      command.add_option("--ring", named.ring, "of a history or a daemon: only this ring");
  history->excludes(socket);
  for (CLI::Option* one : {history, socket, of_ring}) one->excludes(ring);
}

void add_filter_flags(CLI::App& command, FilterFlags& flags) {
  const auto add = [&](const char* name, auto& value, const char* about) {
    return command.add_option(name, value, about)->group("Which records")->allow_extra_args(false);
  };
  add("--op", flags.operations,
      "only operations and events of this name, or like this pattern: 'SEND_*'; repeatable");
  add("--min-latency", flags.min_latency, "only what took at least so long: 50ms");
  add("--max-latency", flags.max_latency, "only what took at most so long");
  command.add_flag("--errors", flags.errors, "only outcomes error and timeout")
      ->group("Which records");
  command.add_flag("--failures", flags.failures, "only what did not end with ok")
      ->group("Which records");
  add("--error", flags.errors_named, "only this error, by its name, a pattern or its code");
  add("--outcome", flags.outcomes, "only this outcome: timeout, rejected, ...");
  add("--actor", flags.actors, "only of this user, session or address: alice, 42, user:42");
  add("--subject", flags.subjects, "only on this room, message, user or address: room:7");
  add("--stage", flags.stages, "only with such a stage: 'database>20ms'");
  add("--kind", flags.kinds, "operation or event");
  add("--thread", flags.threads, "only of this thread, by its name, a pattern or its tid");
  add("--lane", flags.lanes, "only of this lane");
  add("--since", flags.since,
      "only what ended in the last 10s, or since a UTC time; of a server that is gone, before its "
      "last record");
  add("--until", flags.until, "only what ended before that, given alike");
  add("-q,--query", flags.expressions,
      "an expression: 'latency > 50ms and (op ~ \"MESSAGE_*\" or error != 0)'");
}

}  // namespace ringside::tool
