// Where a command writes what it makes: standard output, or the file of -o.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/storage/whole_file.h"
#include "shm/failure.h"

namespace ringside::tool {

class Output {
 public:
  // An empty path is standard output. A regular file is there whole or not at all, at finish(). A
  // link stays one, and what it leads to is written like that. A device and a pipe are written to
  // as it comes. Null, and `failure` set, when the file cannot be written.
  static std::unique_ptr<Output> open(const std::string& path, Failure* failure);
  ~Output();

  // False after a failure, which finish() tells. A failure of standard output is told at the
  // program's end (daemon/storage/standard_streams.h).
  bool write(std::string_view bytes);
  std::optional<Failure> finish();

 private:
  Output() = default;

  std::string path_;
  std::FILE* stream_ = nullptr;  // standard output, or what is written to as it comes
  std::unique_ptr<WholeFile> file_;
  std::optional<Failure> failed_;
};

// What -o names must not be what the command reads. "" when neither is the other; otherwise a
// message.
std::string reads_and_writes(const std::string& output, const std::string& input);

}  // namespace ringside::tool
