// What is due, in the order of time. Things of the same instant come in the order in which they
// were entered, so a run is the same every time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tools/simulate/times.h"

namespace ringside::simulate {

enum class What : std::uint8_t {
  client_acts,
  client_gives_up,
  thread_done,   // a thread of the server has finished its step
  writer_done,   // the database's writer has committed, or its attempt has failed
  writer_again,  // the pause before the next attempt is over
  news,          // a long poll is answered
  attack,
  second,
  effects_change,
};

constexpr bool of_server(What what) {
  return what == What::thread_done || what == What::writer_done || what == What::writer_again ||
         what == What::news;
}

struct Due {
  Ns at = 0;
  std::uint64_t order = 0;
  What what{};
  std::uint32_t who = 0;
  std::uint32_t stamp = 0;  // of which life of `who`; what is due for an earlier one is void
};

class Agenda {
 public:
  void add(Ns at, What what, std::uint32_t who = 0, std::uint32_t stamp = 0) {
    due_.push_back({at, next_++, what, who, stamp});
    std::push_heap(due_.begin(), due_.end(), later);
  }
  // Takes out what is due next, up to and including `until`.
  bool take(Ns until, Due& out) {
    if (due_.empty() || due_.front().at > until) return false;
    std::pop_heap(due_.begin(), due_.end(), later);
    out = due_.back();
    due_.pop_back();
    // What a storm took is given back, so that a long run shows what the daemon holds.
    if (due_.capacity() > kKept && due_.size() < due_.capacity() / 4) due_.shrink_to_fit();
    return true;
  }
  // A stopped server: all that it is about to do is done later by that much.
  void delay_server(Ns by) {
    for (Due& due : due_) {
      if (of_server(due.what)) due.at += by;
    }
    std::make_heap(due_.begin(), due_.end(), later);
  }

 private:
  static constexpr std::size_t kKept = 4096;
  static bool later(const Due& a, const Due& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }
  std::vector<Due> due_;
  std::uint64_t next_ = 0;
};

}  // namespace ringside::simulate
