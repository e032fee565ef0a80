#include "tools/ringside/commands/opened.h"

#include <cstdio>

#include "report/model/format.h"
#include "tools/ringside/lines/tally.h"
#include "tools/ringside/source/newest_end.h"

namespace ringside::tool {

namespace {

// From where ages are seen in a recording, which is read once for that. Nothing when interrupted.
std::optional<std::uint64_t> newest_ticks(const std::string& name, Interrupts* interrupts) {
  Failure failure;
  const Source source = open_source(name, &failure);
  if (source.file == nullptr) return 0;
  NewestEnd newest(*source.file);
  const bool whole = read_to_end(*source.records, interrupts, [&](const std::vector<Seen>& batch) {
    for (const Seen& seen : batch) newest.take(seen.record.end());
  });
  if (!whole) return std::nullopt;
  return newest.ticks().value_or(source.file->now_ticks());
}

}  // namespace

void say_interrupted(const char* command, const Source& source) {
  std::fprintf(stderr, "%s: interrupted before the end of %s\n", command,
               escape_visible(source.file->segment().path()).c_str());
}

Opened open_filtered(const char* command, const std::string& name, const FilterFlags& flags,
                     const OpenWish& wish) {
  Opened opened;
  const auto refuse = [&](const FilterError& error) {
    std::fprintf(stderr, "%s: %s\n", command, error.text().c_str());
    opened.code = 2;
  };
  // A filter that cannot be read is wrong on every ring.
  Wanted wanted;
  FilterError error;
  if (!read_flags(flags, wanted, error)) {
    refuse(error);
    return opened;
  }
  const auto interrupted = [&] {
    say_interrupted(command, opened.source);
    say_tally(command, {}, opened.source.records->counts());
    opened.interrupted = true;
    opened.code = 1;
  };
  Failure failure;
  opened.source = open_source(name, &failure);
  if (opened.source.file == nullptr) {
    std::fprintf(stderr, "ringside: %s\n", failure.message.c_str());
    opened.code = 1;
    return opened;
  }
  if (wish.raw) opened.source.records->keep_rejected();
  std::uint64_t reference = 0;
  if (wish.stream && opened.source.recorded) {
    const bool by_age = !flags.since.empty() || !flags.until.empty() || !flags.expressions.empty();
    const auto newest =
        by_age ? newest_ticks(name, wish.interrupts) : opened.source.file->now_ticks();
    if (!newest) {
      interrupted();
      return opened;
    }
    reference = *newest;
  } else {
    while (opened.source.records->read(opened.first, wish.all) == Records::Next::more) {
      if (opened.source.recorded && opened.first.size() > wish.most) {
        const std::string path = escape_visible(opened.source.file->segment().path());
        std::fprintf(
            stderr,
            "ringside: %s: found more than %s records, which `%s` would have to hold in "
            "memory\n  next: cut a part out of it: ringside record %s -o PART --since 10min\n",
            path.c_str(), format_count(wish.most).c_str(), command, path.c_str());
        opened.first = {};
        opened.code = 1;
        return opened;
      }
      if (wish.interrupts == nullptr || !wish.interrupts->pause(0)) continue;
      interrupted();
      return opened;
    }
    say_faults(opened.source);
    reference = reference_ticks(opened.source, opened.first);
  }
  opened.matcher = Matcher::make(wanted, *opened.source.file, reference, error);
  opened.missing = error.missing;
  if (!opened.matcher) refuse(error);
  return opened;
}

}  // namespace ringside::tool
