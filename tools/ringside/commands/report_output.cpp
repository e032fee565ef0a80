#include "tools/ringside/commands/report_output.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>

#include "daemon/storage/files.h"

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

// A file whole or not at all. A link, a device and a pipe stay what they are: they are written to.
std::optional<Failure> written(const std::string& output, const std::string& bytes) {
  std::error_code error;
  const auto type = std::filesystem::symlink_status(output, error).type();
  if (type == std::filesystem::file_type::regular || type == std::filesystem::file_type::not_found)
    return write_whole_file(output, bytes, 0640);
  std::FILE* file = std::fopen(output.c_str(), "we");
  if (file == nullptr) return system_failure(output, "cannot open", errno);
  const bool whole = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  const int why = errno;
  if (std::fclose(file) != 0 || !whole)
    return system_failure(output, "cannot write", whole ? errno : why);
  return std::nullopt;
}

}  // namespace

int deliver(const ReportOptions& options, const std::string& bytes) {
  if (options.output.empty()) {
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    return 0;
  }
  if (!options.history.empty() && is_of_history(options.output, options.history)) {
    return cannot_deliver(
        options.output +
        ": this is the history itself, or belongs to it\n  next: give -o another path");
  }
  const auto failure = written(options.output, bytes);
  if (!failure) return 0;
  return cannot_deliver(
      failure->message +
      "\n  next: give -o a path in a directory that exists and that you may write");
}

}  // namespace ringside::tool
