// A limit on the size of files stands for a full disk: write(2) fails midway, with EFBIG.
#pragma once

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>

namespace ringside::test {

// Applies to the whole process for as long as it lives.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) {
    // SIGXFSZ stays ignored: a thread may still be inside a write when the limit goes.
    std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit small{bytes, before_.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  }
  ~FileLimit() { setrlimit(RLIMIT_FSIZE, &before_); }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace ringside::test
