#include "tools/ringside/event_lines.h"

#include <utility>

namespace ringside::tool {

// A line ends with LF, CR LF or CR. A CR at the end of what has come may be half of a CR LF.
std::optional<std::string> EventLines::line() {
  const std::size_t end = buffer_.find_first_of("\r\n", begin_);
  const bool unsure = end != std::string::npos && buffer_[end] == '\r' && end + 1 == buffer_.size();
  if (end == std::string::npos || unsure) {
    buffer_.erase(0, begin_);
    begin_ = 0;
    return std::nullopt;
  }
  std::string text = buffer_.substr(begin_, end - begin_);
  begin_ = end + (buffer_.compare(end, 2, "\r\n") == 0 ? 2 : 1);
  return text;
}

void EventLines::field(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "event") event_.name = value;
  if (name == "id" && value.find('\0') == std::string_view::npos) last_id_ = value;
  if (name == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  }
}

std::optional<DaemonEvent> EventLines::next() {
  while (const auto text = line()) {
    if (!text->empty()) {
      field(*text);
      continue;
    }
    DaemonEvent event = std::exchange(event_, {});
    if (!std::exchange(has_data_, false)) continue;
    event.id = last_id_;
    return event;
  }
  return std::nullopt;
}

}  // namespace ringside::tool
