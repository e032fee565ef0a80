// A ring that its server has left: a file whose bytes a test changes, and what an open says of it.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "shm/segment_check.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

namespace ringside::test {

struct LeftRing {
  TempDir dir;
  std::string path = dir.file("ring");
  LeftRing() {
    in_another_thread([&] { make_ring(path, {2, 128, 64}); });
  }

  std::string why(const OpenOptions& options = {}) const {
    SegmentFacts facts;
    Failure failure;
    failure.error_number = -1;
    const auto segment = open_segment(path, options, &facts, &failure);
    if (segment != nullptr) return "";
    // What is only refused has no error number.
    if (failure.message.find(": can't open") == std::string::npos)
      CHECK(failure.error_number ==
            (failure.message.find("may not") == std::string::npos ? 0 : 13));
    REQUIRE(failure.message.compare(0, path.size() + 2, path + ": ") == 0);
    return failure.message.substr(path.size() + 2);
  }
  // Changes the header in the file.
  void change(const std::function<void(SegmentHeader&)>& edit) const {
    const int fd = open(path.c_str(), O_RDWR);
    HeaderBytes header;
    REQUIRE(read_header(fd, &header));
    edit(*reinterpret_cast<SegmentHeader*>(header.bytes));
    REQUIRE(pwrite(fd, header.bytes, sizeof header.bytes, 0) == sizeof header.bytes);
    close(fd);
  }
  SegmentFacts facts() const {
    SegmentFacts found;
    Failure failure;
    REQUIRE(open_segment(path, {}, &found, &failure) != nullptr);
    return found;
  }
};

}  // namespace ringside::test
