// Takes records as they come and writes those that are wanted into a recording.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/ringside/commands/opened.h"
#include "tools/ringside/commands/record.h"
#include "tools/ringside/recording/windows.h"
#include "tools/ringside/recording/writer.h"

namespace ringside::tool {

class Recorder {
 public:
  // `on` is the trigger; without one everything is recorded.
  Recorder(Opened opened, std::optional<Matcher> on, const RecordOptions& options,
           std::unique_ptr<RecordingWriter> writer);

  // Writes what is there already. All of these return false when it is over: ended() says why.
  bool begin();
  // Reads what has come, and writes a batch when it is time.
  bool read(bool all);
  void refresh();
  // Writes the rest and the end. Returns the exit code, and says on standard error what is in the
  // file.
  int finish(const std::string& why);

  const Source& source() const { return opened_.source; }
  const std::string& ended() const { return ended_; }

 private:
  bool take(const std::vector<Seen>& records);
  void keep(const Seen& seen);
  bool write_batch();
  bool write_head();
  bool went(RecordingWriter::Put put);
  ClockChunk clock() const;
  void count_unread();
  void say(const std::string& why) const;

  Opened opened_;
  std::optional<Matcher> on_;
  const RecordOptions& options_;
  std::unique_ptr<RecordingWriter> writer_;
  std::optional<TriggerWindows> windows_;
  const bool live_;
  const std::uint64_t begun_ticks_;
  std::vector<Seen> read_;     // in one pass
  std::vector<Seen> pending_;  // for the next batch
  std::vector<Seen> opened_window_;
  std::uint64_t recorded_ = 0;
  std::uint64_t filtered_ = 0;
  std::uint64_t left_out_ = 0;  // the file is as large as it may be
  std::int64_t batch_ns_ = 0;   // CLOCK_MONOTONIC of the last batch
  std::int64_t head_ns_ = 0;    // and of the last head
  bool full_ = false;
  std::string ended_;
};

}  // namespace ringside::tool
