#include <memory>

#include "daemon/config/units.h"
#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/commands/record.h"

namespace ringside::tool {

namespace {

CLI::Option* add_span(CLI::App& command, const char* name, std::int64_t& ns, const char* about) {
  return command.add_option_function<std::string>(
      name,
      [name, &ns](const std::string& text) {
        const auto parsed = parse_duration(text);
        if (!parsed || *parsed < 0)
          throw CLI::ValidationError(name, "found `" + text + "`, expected a duration, e.g. 10min");
        ns = *parsed;
      },
      about);
}

}  // namespace

Command add_record(CLI::App& program) {
  const auto options = std::make_shared<RecordOptions>();
  CLI::App* command =
      program.add_subcommand("record", "records into a file that every command can read");
  add_source(*command, options->source);
  command->add_option("-o,--output", options->output, "the file to write")->required();
  command->add_flag("--force", options->replace, "replace a file of that name");
  CLI::Option* span = add_span(*command, "--for", options->for_ns, "end after so long: 10min");
  command
      ->add_option_function<std::string>(
          "--max-size",
          [options](const std::string& text) {
            const auto parsed = parse_size(text);
            if (!parsed || *parsed < 65'536)
              throw CLI::ValidationError("--max-size",
                                         "found `" + text + "`, expected a size of 64KiB or more");
            options->most_bytes = *parsed;
          },
          "end when the file is as large as that")
      ->default_str("1GiB");
  CLI::Option* snapshot =
      command->add_flag("--snapshot", options->snapshot, "record what the ring has now, and end");
  CLI::Option* on = command->add_option(
      "--on", options->on, "wait for a record like that, and record only what is around it");
  add_span(*command, "--before", options->before_ns, "how long before its end")
      ->default_str("5s")
      ->needs(on);
  add_span(*command, "--after", options->after_ns, "how long after its end")
      ->default_str("2s")
      ->needs(on);
  command
      ->add_option("--times", options->times,
                   "so many triggers; those that overlap are one, which lasts until they are over")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}))
      ->default_str("1")
      ->needs(on);
  snapshot->excludes(on, span);
  add_filter_flags(*command, options->filter);
  command->footer(
      "Examples:\n"
      "  ringside record chat -o night.rec --for 8h --max-size 2GiB\n"
      "  ringside record chat -o now.rec --snapshot        also of a server that has died\n"
      "  ringside record chat -o slow.rec --on 'latency > 1s' --before 5s --after 2s\n"
      "  ringside record chat -o errors.rec --errors\n"
      "  ringside tail night.rec -n all --min-latency 50ms\n"
      "\n"
      "What the ring still has is recorded, too, and then what comes. The file is readable at any\n"
      "moment, also when the tool is killed. At the end standard error has how many records were\n"
      "written = recorded + filtered out + lost, and how many were gone before.\n");
  return {command, [options] { return record(*options); }};
}

}  // namespace ringside::tool
