#include "tools/ringside/lines/output.h"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "report/model/format.h"

namespace ringside::tool {

std::unique_ptr<Output> Output::open(const std::string& path, Failure* failure) {
  std::unique_ptr<Output> output(new Output);
  output->path_ = path;
  if (path.empty()) {
    output->stream_ = stdout;
    return output;
  }
  std::error_code error;
  const auto type = std::filesystem::symlink_status(path, error).type();
  if (type == std::filesystem::file_type::regular ||
      type == std::filesystem::file_type::not_found) {
    output->file_ = WholeFile::create(path, 0640, failure);
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
