#include "tools/ringside/commands/opened.h"

#include <cstdio>

namespace ringside::tool {

Opened open_filtered(const char* command, const std::string& name, const FilterFlags& flags,
                     bool all, bool raw) {
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
  if (raw) opened.source.records->keep_rejected();
  while (opened.source.records->read(opened.first, all) == Records::Next::more) {}
  say_faults(opened.source);
  opened.matcher = Matcher::make(wanted, *opened.source.file,
                                 reference_ticks(opened.source, opened.first), error);
  if (!opened.matcher) refuse(error);
  return opened;
}

}  // namespace ringside::tool
