#include "tools/ringside/commands/record.h"

#include <cstdio>
#include <optional>
#include <utility>

#include "daemon/config/units.h"
#include "report/model/format.h"
#include "tools/ringside/commands/following.h"
#include "tools/ringside/commands/recorder.h"
#include "tools/ringside/filter/expression.h"

namespace ringside::tool {

namespace {

constexpr const char* kRecordCommand = "ringside record";

// Why it ended, of a source whose records end.
std::string why_gone(const Source& source, std::optional<RingState> state) {
  if (source.recorded) return "the recording that was read is at its end";
  if (source.file->segment().broken()) return "the ring was cut off";
  return state == RingState::closed ? "the server has left" : "the server has died";
}

}  // namespace

int record(const RecordOptions& options) {
  Interrupts interrupts;
  const std::int64_t begun_ns = clock_ns(CLOCK_MONOTONIC);
  FilterError error;
  const auto refuse = [&] {
    std::fprintf(stderr, "%s: %s\n", kRecordCommand, error.text().c_str());
    return 2;
  };
  Wanted trigger;
  if (!options.on.empty() && !read_expression(options.on, trigger, error)) return refuse();
  Opened opened = open_filtered(
      kRecordCommand, options.source, options.filter,
      {.all = options.snapshot, .raw = true, .stream = true, .interrupts = &interrupts});
  if (opened.interrupted) return 0;
  if (opened.code != 0) return opened.code;
  std::optional<Matcher> on;
  if (!options.on.empty()) {
    on = Matcher::make(trigger, *opened.source.file, reference_ticks(opened.source, opened.first),
                       error);
    if (!on) return refuse();
  }
  Failure failure;
  auto writer =
      RecordingWriter::create({options.output, options.replace, options.most_bytes}, &failure);
  if (writer == nullptr) {
    make_harmless(options.output, &failure);
    std::fprintf(stderr, "ringside: %s\n", failure.message.c_str());
    return 1;
  }
  Recorder recorder(std::move(opened), std::move(on), options, std::move(writer));
  const Source& source = recorder.source();
  if (!recorder.begin()) return recorder.finish("it is over");
  if (source.recorded) {
    while (!interrupts.pause(0) && recorder.read(true)) {}
    return recorder.finish(why_gone(source, std::nullopt));
  }
  if (options.snapshot) return recorder.finish("a snapshot was asked for");
  std::fprintf(stderr, "%s: records %s into %s until Ctrl-C\n", kRecordCommand,
               escape_visible(options.source).c_str(), escape_visible(options.output).c_str());
  Following following;
  following.read = [&](bool all) { return recorder.read(all); };
  following.refresh = [&] { recorder.refresh(); };
  following.until_ns = add_ns(begun_ns, options.for_ns);
  switch (follow(source, interrupts, following)) {
    case FollowEnd::gone: return recorder.finish(why_gone(source, following.state));
    case FollowEnd::enough: return recorder.finish("it is over");
    case FollowEnd::interrupted: break;
  }
  recorder.read(true);
  const bool in_time = clock_ns(CLOCK_MONOTONIC) < following.until_ns;
  return recorder.finish(in_time ? "it was interrupted"
                                 : "--for " + write_duration(options.for_ns) + " is over");
}

}  // namespace ringside::tool
