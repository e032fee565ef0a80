// What the tests of the I/O worker share: a disk of their own, and what is written to it.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daemon/outputs/io_worker.h"
#include "tests/unit/daemon/files_of_test.h"

namespace ringside::test {

// A disk that hangs, fails and remembers as the test says.
class Disk {
 public:
  WriteFile write() {
    return [this](const std::string& path, std::string_view bytes,
                  unsigned mode) -> std::optional<Failure> {
      std::unique_lock lock(mutex_);
      ++at_work_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return !hangs_; });
      if (fails_) return system_failure(path, "cannot write", EIO);
      const std::string name = std::filesystem::path(path).filename();
      names_.push_back(name);
      bytes_[name] = bytes;
      modes_[name] = mode;
      return std::nullopt;
    };
  }
  void hang(bool hangs) { set(hangs_, hangs); }
  void fail(bool fails) { set(fails_, fails); }
  // Waits until the nth write has begun.
  void until_at_work(int times) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(30), [&] { return at_work_ >= times; }));
  }
  std::vector<std::string> names() {
    const std::lock_guard lock(mutex_);
    return names_;
  }
  std::string bytes(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return bytes_[name];
  }
  unsigned mode(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return modes_[name];
  }

 private:
  void set(bool& what, bool value) {
    const std::lock_guard lock(mutex_);
    what = value;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool hangs_ = false;
  bool fails_ = false;
  int at_work_ = 0;
  std::vector<std::string> names_;
  std::map<std::string, std::string> bytes_;
  std::map<std::string, unsigned> modes_;
};

inline IoOptions options_in(const test::TempDir& directory) {
  IoOptions options;
  options.alert_log_path = directory.file("alerts.log");
  options.reports = {directory.file("reports"), {"text"}, 0};
  options.state_path = directory.file("state");
  options.retry = std::chrono::milliseconds(5);
  return options;
}

inline AlertTransition transition(const std::string& id) {
  AlertTransition t;
  t.id = id;
  t.alert = AlertType::high_latency;
  t.state = AlertState::begun;
  t.message = "p95";
  return t;
}

inline SavedState state_of(const std::string& text) {
  SavedState state;
  state.watch = text;
  return state;
}

inline int lines_in(const std::string& path) {
  const std::string text = read_text(path);
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace ringside::test
