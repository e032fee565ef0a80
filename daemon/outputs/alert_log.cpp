#include "daemon/outputs/alert_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <nlohmann/json.hpp>

#include "daemon/storage/files.h"
#include "report/model/format.h"

namespace ringside {
namespace {

// Visible text between quotes. Its backslashes are doubled, so that a logfmt reader gives back exactly the visible
// form, and no escape that only some readers know is in the line.
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
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/") == std::string_view::npos;
  return bare ? std::string(text) : in_quotes(text);
}

// For machines: no separators, at most three decimals, none that say nothing.
std::string number(double value) {
  if (!std::isfinite(value)) return "-";
  std::string text = fmt::format("{:.3f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace

std::string format_alert_line(const AlertTransition& t, AlertLogFormat format) {
  if (format == AlertLogFormat::logfmt) {
    return fmt::format("ts={} level={} alert={} state={} op={} value={} threshold={} unit={} id={} msg={}",
                       format_wall(t.wall_ns), name_of(t.level), name_of(t.alert), name_of(t.state), word(t.operation),
                       number(t.value), number(t.threshold), word(t.unit), word(t.id), in_quotes(t.message));
  }
  nlohmann::ordered_json line = {{"ts", format_wall(t.wall_ns)},
                                 {"level", name_of(t.level)},
                                 {"alert", name_of(t.alert)},
                                 {"state", name_of(t.state)},
                                 {"op", escape_visible(t.operation)},
                                 {"value", t.value},
                                 {"threshold", t.threshold},
                                 {"unit", t.unit},
                                 {"id", t.id},
                                 {"ring", escape_visible(t.ring)},
                                 {"msg", escape_visible(t.message)}};
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::optional<Failure> AlertLog::open(const std::string& path, AlertLogFormat format) {
  if (auto failure = make_directories(directory_of(path))) return failure;
  // O_NONBLOCK: opening somebody's pipe must not wait for a reader before it is refused.
  auto fd = std::make_unique<FileDescriptor>(
      ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640));
  if (!*fd) {
    if (errno == ELOOP) {
      return Failure{ELOOP, path + ": the alert log is a symbolic link, expected a regular file\n"
                                   "  next: remove the link, or configure alert_log.path"};
    }
    return system_failure(path, "cannot open the alert log", errno, "make it writable, or configure alert_log.path");
  }
  struct stat info {};
  if (fstat(fd->get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Failure{0, path + ": the alert log is no regular file\n  next: remove it, or configure alert_log.path"};
  }
  // Where a line was cut off (a full disk, a crash) the next one must not be glued to it.
  char last = '\n';
  if (info.st_size > 0 && pread(fd->get(), &last, 1, info.st_size - 1) == 1 && last != '\n' &&
      write(fd->get(), "\n", 1) != 1) {
    return system_failure(path, "cannot write", errno);
  }
  fd_ = std::move(fd);
  format_ = format;
  // The rest of a line belongs to the file in which it began; the new one gets the line whole.
  begun_ = 0;
  flush();
  return std::nullopt;
}

void AlertLog::add(const AlertTransition& transition) {
  waiting_.push_back(format_alert_line(transition, format_) + '\n');
  flush();
  if (waiting_.size() > kMaxWaiting) {
    waiting_.pop_front();
    begun_ = 0;
    ++dropped_;
  }
}

bool AlertLog::flush() {
  if (!fd_) return waiting_.empty();
  while (!waiting_.empty()) {
    const std::string_view rest = std::string_view(waiting_.front()).substr(begun_);
    const ssize_t n = write(fd_->get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      ++failed_writes_;
      last_error_ = errno;
      return false;
    }
    begun_ += static_cast<std::size_t>(n);
    if (begun_ < waiting_.front().size()) continue;   // a full disk takes a part; the next try fails, or goes on
    waiting_.pop_front();
    begun_ = 0;
    ++written_;
  }
  return true;
}

}  // namespace ringside
