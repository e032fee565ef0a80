#include "tools/ringside/commands/report_output.h"

#include <cstdio>
#include <filesystem>
#include <system_error>

#include "tools/ringside/lines/output.h"

namespace ringside::tool {
namespace {

int cannot_deliver(const std::string& what) {
  std::fprintf(stderr, "ringside report: %s\n", what.c_str());
  return 1;
}

// The history, its journal or its baseline: a report in their place would destroy them.
bool is_of_history(const std::string& output, const std::string& history) {
  std::error_code error;
  const auto real = [&](const std::string& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  };
  const std::string file = real(history).string();
  for (const char* suffix : {"", "-wal", "-shm", "-journal", ".baseline"}) {
    if (std::filesystem::equivalent(output, file + suffix, error)) return true;
    if (real(output) == file + suffix) return true;
  }
  return false;
}

}  // namespace

int deliver(const ReportOptions& options, const std::string& bytes) {
  if (!options.output.empty() && !options.history.empty() &&
      is_of_history(options.output, options.history)) {
    return cannot_deliver(
        options.output +
        ": this is the history itself, or belongs to it\n  next: give -o another path");
  }
  Failure failure;
  const auto output = Output::open(options.output, &failure);
  if (output != nullptr) {
    output->write(bytes);
    const auto failed = output->finish();
    if (!failed) return 0;
    failure = *failed;
  }
  return cannot_deliver(
      failure.message +
      "\n  next: give -o a path in a directory that exists and that you may write");
}

}  // namespace ringside::tool
