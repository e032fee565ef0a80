#include <memory>

#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/commands/tail.h"

namespace ringside::tool {

Command add_tail(CLI::App& program) {
  const auto options = std::make_shared<TailOptions>();
  CLI::App* command =
      program.add_subcommand("tail", "records as they are written; after a crash, the last ones");
  add_source(*command, options->source);
  command
      ->add_option_function<std::string>(
          "-n,--records",
          [options](const std::string& text) {
            std::uint64_t records = 0;
            if (text == "all") {
              options->records = UINT64_MAX;
            } else if (CLI::detail::lexical_cast(text, records)) {
              options->records = records;
            } else {
              throw CLI::ValidationError("--records",
                                         "found `" + text + "`, expected a number, or all");
            }
          },
          "how many of those already there to show first: a number, or all")
      ->default_str("10");
  command->add_flag("--once", options->once, "show those and end");
  command
      ->add_flag("-f,--follow", options->follow,
                 "go on when the server is started again, and wait for a ring that is not there "
                 "yet")
      ->excludes("--once");
  command->add_flag("!--no-labels", options->labels,
                    "ids alone, without what the server calls its users, rooms, addresses");
  add_words<LineFormat>(
      *command, "--format", options->format,
      {{"text", LineFormat::text}, {"json", LineFormat::json}, {"csv", LineFormat::csv}},
      "text, json (an object a line) or csv")
      ->default_str("text");
  command->add_flag_callback(

      "--json", [options] { options->format = LineFormat::json; }, "as --format json");
  add_filter_flags(*command, options->filter);
  command->footer(
      "Examples:\n"
      "  ringside tail chat                               the last 10, then what comes\n"
      "  ringside tail chat --min-latency 50ms --op 'SEND_*'\n"
      "  ringside tail chat -n all --once --errors --json | jq .error_name\n"
      "  ringside tail chat -q 'stage.database > 20ms or outcome = timeout'\n"
      "  ringside tail chat --follow                      through restarts of the server\n"
      "\n"
      "A line says when it ended (UTC), its place (lane:position, for `ringside show`), what, how\n"
      "long, its outcome, who, on what, and its stages. At the end, standard error has how many\n"
      "records were examined, matched, and lost because they were overwritten first.\n");
  return {command, [options] { return tail(*options); }};
}

}  // namespace ringside::tool
