// Answers that are given again: a client that did not get its answer sends the same request with
// the same Idempotency-Key, and nothing is done twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "daemon/http/message.h"

namespace ringside::http {

// May be used by several threads at once.
class Idempotency {
 public:
  static constexpr std::size_t kMost = 1000;                       // keys; the oldest goes first
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20;  // of their answers
  static constexpr std::int64_t kKeptNs = std::int64_t{24} * 3600 * 1'000'000'000;

  enum class Is : std::uint8_t {
    fresh,       // do it, and call end() or forget()
    same,        // `answer` has what was answered
    other_body,  // the key came with another body
    under_way    // the first one is not answered yet
  };
  struct Begun {
    Is is = Is::fresh;
    std::optional<Response> answer;
  };
  // `key` is one client's: it must hold who asks.
  Begun begin(const std::string& key, const std::string& body, std::int64_t now_wall_ns);
  void end(const std::string& key, const Response& answer);
  void forget(const std::string& key);  // nothing was done

 private:
  struct Entry {
    std::string body;
    std::int64_t begun_wall_ns = 0;
    std::optional<Response> answer;
    std::size_t bytes() const;
  };
  void drop(const std::string& key);
  void make_room(std::int64_t now_wall_ns);

  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::string> order_;  // the oldest first
  std::size_t bytes_ = 0;
};

}  // namespace ringside::http
