#include "daemon/outputs/alert_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/outputs/journal.h"
#include "daemon/storage/files.h"
#include "report/model/format.h"
#include "shm/assert.h"

namespace ringside {
namespace {

// Visible text between quotes. Its backslashes are doubled, so a logfmt reader gives back exactly
// the visible form. The line has no escape that only some readers know.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : escape_visible(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string word(std::string_view text) {
  if (text.empty()) return "-";
  const bool bare = text.find_first_not_of(
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/") ==
                    std::string_view::npos;
  return bare ? std::string(text) : in_quotes(text);
}

// For machines: no separators, at most three decimals, no trailing zeros.
std::string number(double value) {
  if (!std::isfinite(value)) return "-";
  std::string text = fmt::format("{:.3f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace

std::string format_alert_line(const AlertTransition& t, AlertLogFormat format) {
  // A silence is about no figure.
  const bool of_figure = !is_of_person(t.state) || !t.figure.empty();
  const char* alert = t.any_alert ? "" : name_of(t.alert);
  const char* unit = of_figure ? name_of(t.unit) : "";
  if (format == AlertLogFormat::logfmt) {
    return fmt::format(
        "ts={} level={} alert={} state={} op={} figure={} value={} threshold={} unit={} id={} "
        "incident={} msg={}",
        format_wall(t.wall_ns), name_of(t.level), word(alert), name_of(t.state), word(t.operation),
        word(t.figure), of_figure ? number(t.value) : "-", of_figure ? number(t.threshold) : "-",
        word(unit), word(t.id), word(t.incident), in_quotes(t.message));
  }
  using Json = nlohmann::ordered_json;
  Json line = {{"ts", format_wall(t.wall_ns)},
               {"level", name_of(t.level)},
               {"alert", alert},
               {"state", name_of(t.state)},
               {"op", escape_visible(t.operation)},
               {"figure", t.figure},
               {"value", of_figure ? Json(t.value) : Json()},
               {"threshold", of_figure ? Json(t.threshold) : Json()},
               {"unit", unit},
               {"id", t.id},
               {"incident", t.incident},
               {"ring", escape_visible(t.ring)},
               {"msg", escape_visible(t.message)}};
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

namespace {

// The standard stream that a path stands for.
std::optional<int> standard_stream(const std::string& path) {
  for (const char* name : {"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
    if (path == name) return STDOUT_FILENO;
  }
  for (const char* name : {"/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"}) {
    if (path == name) return STDERR_FILENO;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Failure> AlertLog::open(const std::string& path, AlertLogFormat format) {
  const auto stream = standard_stream(path);
  auto failure = stream ? open_stream(*stream, path) : open_file(path);
  if (failure) return failure;
  format_ = format;
  return std::nullopt;
}

std::optional<Failure> AlertLog::open_stream(int number, const std::string& path) {
  // There is nothing to reopen: a stream cannot be rotated.
  if (stream_number_ == number) return std::nullopt;
  const int fd = copy_of_stream(number);
  if (fd == -1) {
    const int error = errno;
    if (error != EBADF) return system_failure(path, "cannot be the alert log", error);
    return Failure{EBADF, path +
                              ": cannot be the alert log: it is closed\n"
                              "  next: start the daemon with it open, or configure alert_log.path"};
  }
  move_lines_back();
  journal_ = goes_to_journal(fd);
  LineWriterOptions options;
  options.most_waiting = limits_.most_waiting;
  options.retry = limits_.stream_retry;
  stream_ = std::make_unique<LineWriter>(fd, std::move(options));
  stream_number_ = number;
  file_.reset();
  for (std::string& line : std::exchange(waiting_, {})) stream_->add(std::move(line));
  return std::nullopt;
}

std::optional<Failure> AlertLog::open_file(const std::string& path) {
  if (auto failure = make_directories(directory_of(path))) return failure;
  // O_NONBLOCK: the path may be a pipe, and opening it must not wait for a reader.
  auto fd = std::make_unique<FileDescriptor>(::open(
      path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640));
  if (!*fd) {
    if (errno == ELOOP) {
      return Failure{ELOOP, path + ": the alert log is a symbolic link, expected a regular file\n"
                                   "  next: remove the link, or configure alert_log.path"};
    }
    return system_failure(path, "cannot open the alert log", errno,
                          "make it writable, or configure alert_log.path");
  }
  struct stat info {};
  if (fstat(fd->get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Failure{0, path + ": found no regular file, expected one for the alert log\n"
                             "  next: configure alert_log.path; - is standard output"};
  }
  // A line may be cut off at the end (a full disk, a crash). The next line must not continue it.
  char last = '\n';
  const off_t end = std::max<off_t>(info.st_size - 1, 0);  // in an empty file there is nothing
  if (pread(fd->get(), &last, sizeof last, end) == 1 && last != '\n' &&
      write(fd->get(), "\n", 1) != 1) {
    return system_failure(path, "cannot write", errno);
  }
  move_lines_back();
  stream_.reset();
  stream_number_.reset();
  file_ = std::move(fd);
  file_path_ = path;
  // The rest of a line belongs to the file where it began. The new file gets the whole line.
  begun_ = 0;
  flush();
  return std::nullopt;
}

// The lines that the stream has not accepted go to the next target.
void AlertLog::move_lines_back() {
  if (!stream_) return;
  RINGSIDE_ASSERT(waiting_.empty());   // no lines wait for a file while there is a stream
  const LineWriter::Status status = stream_->status();
  written_before_ += status.written;
  dropped_ += status.dropped;
  failed_writes_ += status.failed_writes;
  waiting_ = stream_->take_back();
  if (!std::exchange(journal_, false)) return;
  for (std::string& line : waiting_) line.erase(0, std::string_view("<6>").size());
}

void AlertLog::add(const AlertTransition& transition) {
  std::string line = format_alert_line(transition, format_) + '\n';
  if (stream_) {
    if (journal_) line = with_priority(line, priority_of(transition));
    stream_->add(std::move(line));
    return;
  }
  waiting_.push_back(std::move(line));
  flush();
  if (waiting_.size() > limits_.most_waiting) {
    // The first line may be partly in the file. It stays, or the next one would continue it there.
    waiting_.erase(waiting_.begin() + (begun_ > 0 ? 1 : 0));
    ++dropped_;
  }
}

namespace {

// More than the lines of an outbox, with what others write beside them.
constexpr off_t kEndBytes = 16 << 20;

// Whole lines only: the last one may be cut off.
void take_lines_at_end(int fd, std::unordered_set<std::string>& lines) {
  struct stat info {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return;
  off_t at = std::max<off_t>(0, info.st_size - kEndBytes);
  std::string text(static_cast<std::size_t>(info.st_size - at), '\0');
  std::size_t read = 0;
  while (read < text.size()) {
    const ssize_t n = pread(fd, text.data() + read, text.size() - read, at);
    if (n <= 0) break;
    read += static_cast<std::size_t>(n);
    at += n;
  }
  text.resize(read);
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos;
       begin = end + 1)
    lines.insert(text.substr(begin, end - begin));
}

}  // namespace

std::unordered_set<std::string> AlertLog::lines_at_end() const {
  std::unordered_set<std::string> lines;
  if (!file_) return lines;
  const std::string rotated = file_path_ + ".1";
  const FileDescriptor before(
      ::open(rotated.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (before) take_lines_at_end(before.get(), lines);
  take_lines_at_end(file_->get(), lines);
  return lines;
}

void AlertLog::add_missing(const std::vector<AlertTransition>& transitions) {
  if (transitions.empty()) return;
  const std::unordered_set<std::string> there = lines_at_end();
  for (const AlertTransition& transition : transitions) {
    const bool found = there.contains(format_alert_line(transition, AlertLogFormat::logfmt)) ||
                       there.contains(format_alert_line(transition, AlertLogFormat::json));
    if (!found) add(transition);
  }
}

bool AlertLog::flush() {
  if (stream_) return stream_->status().waiting == 0;
  if (!file_) return waiting_.empty();
  while (!waiting_.empty()) {
    const std::string_view rest = std::string_view(waiting_.front()).substr(begun_);
    const ssize_t n = write(file_->get(), rest.data(), rest.size());
    if (n == -1) {
      ++failed_writes_;
      last_error_ = errno;
      return false;
    }
    begun_ += static_cast<std::size_t>(n);
    // A full disk takes part of a line. The next write fails or continues.
    if (begun_ < waiting_.front().size()) continue;
    waiting_.pop_front();
    begun_ = 0;
    ++written_before_;
  }
  last_error_ = 0;
  return true;
}

bool AlertLog::finish(std::chrono::milliseconds patience) {
  return stream_ ? stream_->wait_until_written(patience) : flush();
}

AlertLog::Status AlertLog::status() const {
  Status status{waiting_.size(), written_before_, failed_writes_, dropped_, last_error_,
                !waiting_.empty()};
  if (stream_) {
    const LineWriter::Status stream = stream_->status();
    status.waiting = stream.waiting;
    status.written += stream.written;
    status.failed_writes += stream.failed_writes;
    status.dropped += stream.dropped;
    status.last_error = stream.last_error;
    // A line is in the stream's hands for a moment all the time, so that is no failure.
    status.failing = stream.last_error != 0 || stream.stuck >= limits_.stuck_after;
  }
  return status;
}

}  // namespace ringside
