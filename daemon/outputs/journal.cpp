#include "daemon/outputs/journal.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>

namespace ringside {

bool goes_to_journal(int fd, const char* journal_stream) {
  struct stat info {};
  if (journal_stream == nullptr || fstat(fd, &info) != 0) return false;
  return fmt::format("{}:{}", info.st_dev, info.st_ino) == journal_stream;
}

bool goes_to_journal(int fd) { return goes_to_journal(fd, std::getenv("JOURNAL_STREAM")); }

JournalPriority priority_of(const AlertTransition& transition) {
  if (transition.state == AlertState::ended || transition.state == AlertState::resolved ||
      is_of_person(transition.state))
    return JournalPriority::notice;
  switch (transition.level) {
    case AlertLevel::emergency: return JournalPriority::alert;
    case AlertLevel::critical: return JournalPriority::critical;
    case AlertLevel::warning: return JournalPriority::warning;
    case AlertLevel::info: break;
  }
  return JournalPriority::info;
}

std::string with_priority(std::string_view text, JournalPriority priority) {
  const std::string prefix = fmt::format("<{}>", static_cast<int>(priority));
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t size = end == std::string_view::npos ? text.size() : end + 1;
    out += prefix;
    out += text.substr(0, size);
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace ringside
