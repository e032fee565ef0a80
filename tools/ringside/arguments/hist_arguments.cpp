#include <map>
#include <memory>

#include "daemon/config/units.h"
#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/commands/hist.h"

namespace ringside::tool {

Command add_hist(CLI::App& program) {
  const auto options = std::make_shared<HistOptions>();
  CLI::App* command =
      program.add_subcommand("hist", "histograms of latency, live or of what is there");
  add_source_or_past(*command, options->source, options->past);
  command->add_option("--at", options->at,
                      "of a history or a daemon: this minute alone, a UTC time "
                      "(2026-11-27T02:13Z), a time of day, or 30min before the end");
  CLI::Option* by = add_words<HistBy>(*command, "--by", options->by,
                                      {{"op", HistBy::op},
                                       {"outcome", HistBy::outcome},
                                       {"thread", HistBy::thread},
                                       {"stage", HistBy::stage}},
                                      "a line for each op, outcome, thread or stage");
  CLI::Option* heatmap = command->add_flag("--heatmap", options->heatmap,
                                           "time to the right, latency upwards, shaded by count");
  CLI::Option* json = command->add_flag("--json", options->json,
                                        "buckets with their bounds in nanoseconds; shown once");
  CLI::Option* once = command->add_flag("--once", options->once, "what is there now, and end");
  command
      ->add_option_function<std::string>(
          "--for",
          [options](const std::string& text) {
            const auto ns = parse_duration(text);
            if (!ns || *ns <= 0)
              throw CLI::ValidationError("--for", "found `" + text + "`, expected a span: 30s");
            options->for_ns = *ns;
          },
          "end after that: 30s. Without a terminal the result is shown at the end")
      ->excludes(once);
  CLI::Option* compare =
      command->add_option("--compare", options->compare, "side by side with another source");
  CLI::Option* since = command->add_option("--compare-since", options->compare_since,
                                           "with another span: as --since");
  CLI::Option* until = command->add_option("--compare-until", options->compare_until,
                                           "with another span: as --until");
  for (CLI::Option* one : {compare, since, until}) one->excludes(by, heatmap);
  heatmap->excludes(by, json);
  add_filter_flags(*command, options->filter);
  command->footer(
      "Examples:\n"
      "  ringside hist chat                               on a terminal again each second\n"
      "  ringside hist chat --by op --once\n"
      "  ringside hist chat --op SEND_MESSAGE --heatmap --for 1m\n"
      "  ringside hist chat --compare /dev/shm/ringside.chat.previous\n"
      "  ringside hist chat --since 10s --compare-since 60s --compare-until 50s --once\n"
      "  ringside hist                                    of the running daemon, the last hour\n"
      "  ringside hist --history history.db --since 2h --by op\n"
      "  ringside hist --history history.db --at 02:13 --op SEND_MESSAGE\n"
      "  ringside hist --history history.db --since 8h --heatmap\n"
      "\n"
      "Operations, and events that have a duration. Quantiles are within 1.1 %. Bars are shares "
      "of\n"
      "the longest one. What is compared is shown as A (the source) against B.\n"
      "A history, and a daemon, has figures of whole minutes and no single calls. There --since "
      "and\n"
      "--until are as of ringside report, and of the filters --op, --kind, and op, category and "
      "kind\n"
      "of -q can be given.\n");
  return {command, [options] {
            if (!options->source.empty()) return hist(*options);
            return hist_of_minutes(*options);
          }};
}

}  // namespace ringside::tool
