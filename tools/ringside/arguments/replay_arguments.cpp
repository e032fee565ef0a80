#include <cmath>
#include <memory>

#include "daemon/config/units.h"
#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/commands/replay.h"

namespace ringside::tool {

namespace {

double speed_of(const std::string& text) {
  if (text == "max") return 0;
  double speed = 0;
  const std::string number = text.ends_with("x") ? text.substr(0, text.size() - 1) : text;
  if (CLI::detail::lexical_cast(number, speed) && std::isfinite(speed) && speed >= 0.001 &&
      speed <= 1'000'000)
    return speed;
  throw CLI::ValidationError("--speed", "found `" + text + "`, expected 1, 4x, 0.5x, ..., or max");
}

}  // namespace

Command add_replay(CLI::App& program) {
  const auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = program.add_subcommand(
      "replay", "writes a recording into a new ring, as if its server ran now");
  command
      ->add_option("recording", options->source,
                   "a recording, a copy of a ring, or the ring of a server that is gone")
      ->required();
  command->add_option("--ring", options->ring, "the new ring: a name, or a path with a '/'")
      ->required();
  command
      ->add_option_function<std::string>(
          "--speed", [options](const std::string& text) { options->speed = speed_of(text); },
          "1, 4x, 0.5x, or max: as fast as a daemon can follow")
      ->default_str("1");
  command
      ->add_option_function<std::string>(
          "--wait",
          [options](const std::string& text) {
            const auto parsed = parse_duration(text);
            if (!parsed || *parsed < 0)
              throw CLI::ValidationError("--wait", "found `" + text + "`, expected a duration");
            options->wait_ns = *parsed;
          },
          "before the first record, so that readers find the ring")
      ->default_str("1s");
  command->footer(
      "Examples:\n"
      "  ringside replay night.rec --ring again                at the original pace\n"
      "  ringside replay night.rec --ring again --speed max\n"
      "  ringsided --ring again                                the daemon, on the new ring\n"
      "\n"
      "All times are moved by one constant, so that the last record ends when the replay does.\n"
      "Records are not lost by a daemon that keeps up: no lane gets more than half of its "
      "capacity\n"
      "in 20 ms. A ring whose server had died ends as such a one, with what its threads were "
      "in.\n");
  return {command, [options] { return replay(*options); }};
}

}  // namespace ringside::tool
