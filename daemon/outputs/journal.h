// Priorities for systemd's journal: a line that begins with "<3>" is an error there (sd-daemon(3)).
// Only for a stream that goes to the journal; a person would see the prefix.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "report/model/alerts.h"

namespace ringside {

enum class JournalPriority : std::uint8_t {
  alert = 1,
  critical = 2,
  error = 3,
  warning = 4,
  notice = 5,
  info = 6,
  debug = 7
};

// Whether the descriptor is the stream that `journal_stream` names, as systemd sets JOURNAL_STREAM:
// "device:inode". Null: there is no journal.
bool goes_to_journal(int fd, const char* journal_stream);
// The same, by this process's environment.
bool goes_to_journal(int fd);

// Emergency is `alert`, not `emerg`: that one is written to every terminal. An end is a notice.
JournalPriority priority_of(const AlertTransition& transition);

// Puts the prefix before each line: the journal takes every line by itself.
std::string with_priority(std::string_view text, JournalPriority priority);

}  // namespace ringside
