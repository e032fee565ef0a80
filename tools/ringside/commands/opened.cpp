#include "tools/ringside/commands/opened.h"

#include <cstdio>

namespace ringside::tool {

namespace {

// From where ages are seen in a recording, which is read once for that.
std::uint64_t newest_ticks(const std::string& name) {
  Failure failure;
  const Source source = open_source(name, &failure);
  if (source.file == nullptr) return 0;
  std::vector<Seen> batch;
  std::uint64_t newest = source.file->now_ticks();
  for (auto next = Records::Next::more; next == Records::Next::more;) {
    batch.clear();
    next = source.records->read(batch, true);
    if (!batch.empty()) newest = batch.back().record.end();
  }
  return newest;
}

}  // namespace

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
    reference = by_age ? newest_ticks(name) : opened.source.file->now_ticks();
  } else {
    while (opened.source.records->read(opened.first, wish.all) == Records::Next::more) {}
    say_faults(opened.source);
    reference = reference_ticks(opened.source, opened.first);
  }
  opened.matcher = Matcher::make(wanted, *opened.source.file, reference, error);
  if (!opened.matcher) refuse(error);
  return opened;
}

}  // namespace ringside::tool
