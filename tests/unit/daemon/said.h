// Keeps what the code under test writes into the daemon's own log, and off the screen.
#pragma once

#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <vector>

namespace ringside::test {

// Keeps every logged line for as long as it lives.
class Said {
 public:
  Said()
      : sink_(std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(1000)),
        before_(spdlog::default_logger()) {
    auto log = std::make_shared<spdlog::logger>("said", sink_);
    log->set_pattern("%l: %v");
    log->set_level(spdlog::level::info);
    spdlog::set_default_logger(log);
  }
  ~Said() { spdlog::set_default_logger(before_); }
  Said(const Said&) = delete;
  Said& operator=(const Said&) = delete;

  // Each as "level: text".
  std::vector<std::string> lines() const {
    std::vector<std::string> lines = sink_->last_formatted();
    for (std::string& line : lines) line.pop_back();  // the line end
    return lines;
  }
  // The number of lines that contain `words`.
  int count(const std::string& words) const {
    int found = 0;
    for (const std::string& line : sink_->last_formatted())
      found += line.find(words) != std::string::npos;
    return found;
  }

 private:
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> sink_;
  std::shared_ptr<spdlog::logger> before_;
};

}  // namespace ringside::test
