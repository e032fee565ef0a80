#include "tools/ringside/lines/output.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "report/model/format.h"

namespace ringside::tool {

namespace {

namespace fs = std::filesystem;

// Of what a path leads to, and its path behind all links.
struct Target {
  fs::path path;
  fs::file_type type = fs::file_type::none;
};

// A link below /proc is no path: `/proc/self/fd/1` leads to what the shell has opened.
bool leads_to_open_file(const fs::path& link) {
  struct statfs info {};
  const fs::path folder = link.parent_path();
  return statfs(folder.empty() ? "." : folder.c_str(), &info) == 0 &&
         info.f_type == PROC_SUPER_MAGIC;
}

Target target_of(const std::string& path) {
  constexpr int kMostLinks = 40;  // as many as Linux follows
  Target target{path, fs::file_type::none};
  std::error_code error;
  for (int i = 0; i <= kMostLinks; ++i) {
    target.type = fs::symlink_status(target.path, error).type();
    if (target.type != fs::file_type::symlink || leads_to_open_file(target.path)) return target;
    const fs::path next = fs::read_symlink(target.path, error);
    if (error) return target;
    // An absolute one replaces the folder.
    target.path = target.path.parent_path() / next;
  }
  return target;
}

}  // namespace

std::unique_ptr<Output> Output::open(const std::string& path, Failure* failure) {
  std::unique_ptr<Output> output(new Output);
  output->path_ = path;
  if (path.empty()) {
    output->stream_ = stdout;
    return output;
  }
  const Target target = target_of(path);
  if (target.type == fs::file_type::regular || target.type == fs::file_type::not_found) {
    output->file_ = WholeFile::create_beside(target.path.string(), 0640, failure);
    return output->file_ != nullptr ? std::move(output) : nullptr;
  }
  output->stream_ = std::fopen(path.c_str(), "we");
  if (output->stream_ != nullptr) return output;
  *failure = system_failure(path, "cannot open", errno);
  return nullptr;
}

Output::~Output() {
  if (stream_ != nullptr && stream_ != stdout) std::fclose(stream_);
}

bool Output::write(std::string_view bytes) {
  if (failed_) return false;
  if (file_ != nullptr) {
    failed_ = file_->write(bytes);
  } else if (std::fwrite(bytes.data(), 1, bytes.size(), stream_) != bytes.size()) {
    failed_ = system_failure(path_, "cannot write", errno);
  }
  return !failed_;
}

std::optional<Failure> Output::finish() {
  if (stream_ == stdout) return std::nullopt;
  if (failed_) return failed_;
  if (file_ != nullptr) return file_->commit();
  const bool closed = std::fclose(std::exchange(stream_, nullptr)) == 0;
  if (closed) return std::nullopt;
  return system_failure(path_, "cannot write", errno);
}

std::string reads_and_writes(const std::string& output, const std::string& input) {
  std::error_code error;
  if (!std::filesystem::equivalent(output, input, error)) return {};
  return escape_visible(output) + ": this is what is read\n  next: give -o another path";
}

}  // namespace ringside::tool
