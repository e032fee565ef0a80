#include <map>
#include <memory>

#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/commands/export_records.h"

namespace ringside::tool {

Command add_export(CLI::App& program) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App* command = program.add_subcommand(
      "export", "records for other programs: a Perfetto or Chrome trace, CSV, JSON lines");
  add_source(*command, options->source);
  command->add_option("-o,--output", options->output,
                      "a file to write, whole or not at all, in place of standard output");
  add_words<ExportFormat>(*command, "--format", options->format,
                          {{"perfetto", ExportFormat::perfetto},
                           {"chrome", ExportFormat::chrome},
                           {"csv", ExportFormat::csv},
                           {"json", ExportFormat::json}},
                          "perfetto, chrome (trace events in JSON), csv or json (an object a line)")
      ->default_str("perfetto");
  command->add_flag_callback(
      "--json", [options] { options->format = ExportFormat::json; }, "as --format json");
  command->add_flag("!--no-labels", options->labels,
                    "ids alone, without what the server calls its users, rooms, addresses");
  add_filter_flags(*command, options->filter);
  command->footer(
      "Examples:\n"
      "  ringside export chat -o chat.pftrace             open it in ui.perfetto.dev\n"
      "  ringside export chat --since 10s --format chrome -o chat.json\n"
      "  ringside export chat --failures --format csv | sqlite3 -csv f.db '.import /dev/stdin f'\n"
      "\n"
      "What is in the ring now is exported. A trace has a track for each thread, operations as\n"
      "slices, their stages inside, events as instants or slices, and, of a server that has died,\n"
      "what its threads had begun and not ended. CSV and JSON have the columns of `ringside "
      "tail`,\n"
      "in the order of the ends.\n");
  return {command, [options] { return export_records(*options); }};
}

}  // namespace ringside::tool
