// Server-sent events to all who listen (WHATWG HTML, 9.2). One buffer for each event, whoever gets
// it; a listener that does not keep up is dropped, and others never wait for it.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace ringside::http {

struct StreamEvent {
  std::string id;    // unlike all others; no line end, no NUL. Empty: a client can't resume at it
  std::string name;  // "snapshot"; no line end
  std::string data;  // JSON; each of its lines becomes one `data:`
};

// The event as it is sent.
std::string event_text(const StreamEvent& event);

using EventText = std::shared_ptr<const std::string>;

class StreamListener {
 public:
  virtual ~StreamListener() = default;
  // False: it is no longer a listener. Its backlog is full, or it may not listen any more.
  virtual bool offer(const EventText& text) = 0;
  // One of the events before it joined. They count for no limit: the broadcaster bounds them.
  virtual void replay(const EventText& text) = 0;
};

// Only the server's thread uses it.
class Broadcaster {
 public:
  Broadcaster(std::size_t past_events, std::size_t past_bytes)
      : past_events_(past_events), past_bytes_(past_bytes) {}

  // Returns how many listeners took it no more. An event without an id, such as a `gap`, is kept,
  // too: whoever resumes before it gets it.
  std::size_t publish(const StreamEvent& event);

  // From now on. With the id of the last event that it had, it first gets those that came since;
  // where that is not known any more, an event `gap`: it must ask for the whole again.
  void join(StreamListener& listener, const std::string* last_id);
  void leave(StreamListener& listener) { listeners_.erase(&listener); }

  std::size_t listeners() const { return listeners_.size(); }

 private:
  struct Past {
    std::string id;
    EventText text;
  };

  std::size_t past_events_, past_bytes_;
  std::size_t bytes_ = 0;
  std::deque<Past> past_;
  std::set<StreamListener*> listeners_;
};

}  // namespace ringside::http
