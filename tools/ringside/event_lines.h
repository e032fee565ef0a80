// Server-sent events from the bytes of a stream (WHATWG HTML, 9.2.6).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "tools/ringside/daemon_client.h"

namespace ringside::tool {

class EventLines {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;  // of an event

  void add(std::string_view bytes) { buffer_ += bytes; }
  // The next whole event; nothing: more bytes are needed. Comments are passed over.
  std::optional<DaemonEvent> next();
  // An event that grew beyond kMostBytes: the stream is none of ours.
  bool too_long() const { return buffer_.size() + event_.data.size() > kMostBytes; }
  const std::string& last_id() const { return last_id_; }

 private:
  std::optional<std::string> line();
  void field(std::string_view line);

  std::string buffer_;
  std::size_t begin_ = 0;  // of what was not looked at
  DaemonEvent event_;
  bool has_data_ = false;
  std::string last_id_;
};

}  // namespace ringside::tool
