// The lines that were told and are not yet known to be in the alert log. They are saved with the
// state, so a daemon that is killed at any moment repeats none and forgets none:
//
//   1  an evaluation says something: the state is saved, with the lines in this outbox
//   2  the lines are written
//   3  the I/O thread says that they are written: they leave the outbox
//
//   killed before 1   the state knows nothing of it, and nothing is written: it happens anew
//   between 1 and 3   the next daemon looks for the lines at the log's end and writes those that
//                     are not there
//   after 3           they are in the log
//
// One thread at a time uses it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "report/model/alerts.h"

namespace ringside {

class LineOutbox {
 public:
  // Beyond so many the oldest leave it. They are lost only if the daemon is killed before the log
  // can be written again.
  static constexpr std::size_t kMostLines = 10'000;

  // The lines of one AlertSink::tell(): those that the alert log writes. `transitions`: those of
  // episodes, too. Returns how many there are.
  std::size_t add(const std::vector<AlertTransition>& told, bool transitions);
  // As Outputs::settled() says.
  void settle(std::uint64_t tells);

  std::size_t size() const { return waiting_.size(); }
  std::vector<AlertTransition> lines() const;

  // decode() takes back what encode() gave, in a new outbox. An empty text is an empty outbox.
  // False when the bytes are not such a state; then nothing has changed.
  std::string encode() const;
  bool decode(std::string_view bytes);

 private:
  struct Waiting {
    std::uint64_t tell = 0;  // the number of the tell() that it came with; 0: before this daemon
    AlertTransition line;
  };
  std::deque<Waiting> waiting_;
  std::uint64_t tells_ = 0;
};

}  // namespace ringside
