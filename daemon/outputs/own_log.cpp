#include "daemon/outputs/own_log.h"

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <mutex>
#include <utility>

#include "daemon/outputs/journal.h"

namespace ringside {
namespace {

JournalPriority priority_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::critical: return JournalPriority::critical;
    case spdlog::level::err: return JournalPriority::error;
    case spdlog::level::warn: return JournalPriority::warning;
    case spdlog::level::info: return JournalPriority::info;
    default: return JournalPriority::debug;
  }
}

constexpr std::size_t kMostLines = 2000;
constexpr std::chrono::milliseconds kPatience{500};

class Sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  Sink(std::shared_ptr<LineWriter> writer, bool journal)
      : writer_(std::move(writer)), journal_(journal) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    std::string line(text.data(), text.size());
    if (journal_) line = with_priority(line, priority_of(message.level));
    writer_->add(std::move(line));
  }
  void flush_() override {}

  std::shared_ptr<LineWriter> writer_;
  const bool journal_;
};

}  // namespace

OwnLog::OwnLog(const std::string& program) {
  spdlog::sink_ptr sink = std::make_shared<spdlog::sinks::null_sink_mt>();
  // Where standard error is closed, nobody reads.
  if (const int fd = copy_of_stream(STDERR_FILENO); fd != -1) {
    LineWriterOptions options;
    options.most_waiting = kMostLines;
    options.notice = [program](std::uint64_t dropped) {
      return fmt::format("{}: {} lines of this log were dropped: nobody read it\n", program,
                         dropped);
    };
    writer_ = std::make_shared<LineWriter>(fd, std::move(options));
    journal_ = goes_to_journal(fd);
    sink = std::make_shared<Sink>(writer_, journal_);
  }
  auto log = std::make_shared<spdlog::logger>(program, std::move(sink));
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ " + program + " %l: %v", spdlog::pattern_time_type::utc);
  log->set_level(spdlog::get_level());
  spdlog::set_default_logger(std::move(log));
}

OwnLog::~OwnLog() { wait_until_written(); }

void OwnLog::say(const std::string& text) {
  if (!writer_) return;
  writer_->add((journal_ ? with_priority(text, JournalPriority::error) : text) + '\n');
}

void OwnLog::wait_until_written() {
  if (writer_) writer_->wait_until_written(kPatience);
}

}  // namespace ringside
