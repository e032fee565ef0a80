// A pipe whose reader stalls, and a standard stream that leads into it.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <string>

namespace ringside::test {

// A pipe whose reader reads only when the test says so.
class Pipe {
 public:
  Pipe() {
    std::signal(SIGPIPE, SIG_IGN);
    REQUIRE(pipe2(ends_, O_CLOEXEC) == 0);
  }
  ~Pipe() { stop_reading(); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  // The end that the writer owns.
  int into() const { return ends_[1]; }
  int from() const { return ends_[0]; }
  void block(bool blocks) const {
    const int flags = fcntl(ends_[1], F_GETFL);
    fcntl(ends_[1], F_SETFL, blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
  }
  void fill() const {
    const int flags = fcntl(ends_[1], F_GETFL);
    block(false);
    for (const std::size_t size : {4096, 1}) {
      const std::string junk(size, '#');
      while (write(ends_[1], junk.data(), junk.size()) > 0) {}
    }
    fcntl(ends_[1], F_SETFL, flags);
  }
  // Everything that has come so far, without fill()'s bytes.
  const std::string& read_on() {
    fcntl(ends_[0], F_SETFL, fcntl(ends_[0], F_GETFL) | O_NONBLOCK);
    char buffer[65536];
    ssize_t n = 0;
    while ((n = read(ends_[0], buffer, sizeof buffer)) > 0) {
      for (ssize_t i = 0; i < n; ++i) {
        if (buffer[i] != '#') read_ += buffer[i];
      }
    }
    ended_ = n == 0;
    return read_;
  }
  // Whether read_on() found that nobody can write any more.
  bool ended() const { return ended_; }
  void stop_reading() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }

 private:
  int ends_[2];
  std::string read_;
  bool ended_ = false;
};

// One whose writer has a copy of the end.
class CopiedPipe : public Pipe {
 public:
  ~CopiedPipe() { close(into()); }
};

// For as long as it lives, a standard stream of this process is a copy of `fd`.
class StandardStream {
 public:
  StandardStream(int number, int fd)
      : number_(number), before_(fcntl(number, F_DUPFD_CLOEXEC, 10)) {
    dup2(fd, number);
  }
  ~StandardStream() {
    dup2(before_, number_);
    close(before_);
  }
  StandardStream(const StandardStream&) = delete;
  StandardStream& operator=(const StandardStream&) = delete;

 private:
  int number_;
  int before_;
};

}  // namespace ringside::test
