#include "daemon/http/broadcaster.h"

#include <algorithm>
#include <utility>

namespace ringside::http {
namespace {

// A line end would end the field, and begin one of its own.
std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != '\r' && c != '\n' && c != '\0') out += c;
  }
  return out;
}

}  // namespace

std::string event_text(const StreamEvent& event) {
  std::string out;
  if (!event.id.empty()) out += "id: " + one_line(event.id) + "\n";
  if (!event.name.empty()) out += "event: " + one_line(event.name) + "\n";
  std::string_view rest = event.data;
  while (true) {
    const std::size_t end = rest.find('\n');
    out += "data: " + one_line(rest.substr(0, end)) + "\n";
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return out + "\n";
}

std::size_t Broadcaster::publish(const StreamEvent& event) {
  const auto text = std::make_shared<const std::string>(event_text(event));
  past_.push_back({one_line(event.id), text});
  bytes_ += text->size();
  while (past_.size() > past_events_ || (bytes_ > past_bytes_ && past_.size() > 1)) {
    bytes_ -= past_.front().text->size();
    past_.pop_front();
  }
  std::size_t dropped = 0;
  for (auto it = listeners_.begin(); it != listeners_.end();) {
    if ((*it)->offer(text)) {
      ++it;
    } else {
      it = listeners_.erase(it);
      ++dropped;
    }
  }
  return dropped;
}

void Broadcaster::join(StreamListener& listener, const std::string* last_id) {
  listeners_.insert(&listener);
  if (last_id == nullptr) return;
  const auto last = std::find_if(past_.rbegin(), past_.rend(),
                                 [&](const Past& one) { return one.id == *last_id; });
  if (last == past_.rend() || last_id->empty()) {
    listener.replay(std::make_shared<const std::string>(
        event_text({"", "gap", R"({"reason":"unknown_last_event_id"})"})));
    return;
  }
  for (auto i = static_cast<std::size_t>(past_.rend() - last); i < past_.size(); ++i)
    listener.replay(past_[i].text);
}

}  // namespace ringside::http
