// What the fuzz targets share: an input that is taken apart from the front, facts that must hold,
// and a place for files.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/support/temp.h"

namespace ringside::fuzz {

// A fact that no input may break. libFuzzer reports the abort as a finding.
#define FUZZ_REQUIRE(fact)                                                               \
  do {                                                                                   \
    if (!(fact)) {                                                                       \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #fact);     \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)

// Takes bytes from the front. After the end there are only zeros, so every input means something.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : at_(data), left_(size) {}

  bool empty() const { return left_ == 0; }
  template <typename T>
  T take() {
    T value{};
    const std::size_t bytes = std::min(sizeof value, left_);
    if (bytes > 0) std::memcpy(&value, at_, bytes);
    at_ += bytes;
    left_ -= bytes;
    return value;
  }
  std::string_view take_bytes(std::size_t most) {
    const std::size_t bytes = std::min(most, left_);
    const std::string_view taken(reinterpret_cast<const char*>(at_), bytes);
    at_ += bytes;
    left_ -= bytes;
    return taken;
  }

 private:
  const std::uint8_t* at_;
  std::size_t left_;
};

// The reverse of Input, for the seeds.
class Output {
 public:
  template <typename T>
  Output& put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Output& bytes(std::string_view text) {
    bytes_.append(text);
    return *this;
  }
  const std::string& text() const { return bytes_; }

 private:
  std::string bytes_;
};

// A directory of this process, removed at an orderly end. run.py removes what a crash leaves.
class Scratch {
 public:
  static std::string file(const std::string& name) {
    static const Scratch scratch;
    return scratch.directory_.file(name);
  }

 private:
  static std::string parent() {
    const char* folder = std::getenv("TMPDIR");
    return folder != nullptr ? folder : "/dev/shm";
  }
  test::TempDir directory_{parent()};
};

}  // namespace ringside::fuzz
