// A source as `ringside top` follows it: it reads, filters, counts, pauses, steps in time, and goes
// on with the next ring when the server is started again. No terminal.
//
//            server ends, or ended before
//   live  ------------------------------>  past  (time stands still, or is stepped)
//    ^                                      |
//    '--------------------------------------'
//            a new server writes the ring
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/rings/pacing.h"
#include "tools/ringside/filter/filter_flags.h"
#include "tools/ringside/filter/matcher.h"
#include "tools/ringside/source/source.h"
#include "tools/ringside/top/feed.h"
#include "tools/ringside/top/model.h"
#include "tools/ringside/top/picture.h"

namespace ringside::tool::top {

struct SessionOptions {
  std::string source;
  FilterFlags filter;
  std::string at;  // of a source that is over: the moment to begin with; empty: its end
  bool labels = true;
};

class Session : public Feed {
 public:
  static std::unique_ptr<Session> open(const SessionOptions& options, Refusal& refusal);

  // Reads what has come. Returns how long to wait before the next call, in ns.
  std::int64_t pass() override;
  void fill(const Wish& wish, Picture& picture) override;
  bool needs_a_second() const override { return !past_; }

  // An expression beside the flags; empty: none. Begins anew with what the ring still holds. False,
  // and `error` set, when it cannot be read. Then nothing has changed.
  bool set_filter(const std::string& expression, FilterError& error) override;
  const std::string& filter() const override { return expression_; }
  // While it is paused nothing is read. The ring may lap, and then the loss is counted.
  void pause(bool on) override;
  bool paused() const override { return paused_since_ns_ != 0; }

  // Of a source that is over. The moment stays within what the source holds.
  bool past() const override { return past_; }
  void step(std::int64_t ns) override;
  void step_to_begin() override { show(first_ticks_); }
  void step_to_end() override { show(last_ticks_); }
  // A UTC time, a time of day, or how long before the end. False when it is none of them.
  bool jump(const std::string& text);
  bool jump(const std::string& text, std::string& why) override;
  // Goes to the new server's ring, if there is one.
  void go_on() override;
  void say_end(const char* command) override;

  // Of every ring since the beginning.
  RecordCounts all_counts() const;
  std::uint64_t all_shown() const { return former_shown_ + shown_; }
  std::uint64_t all_filtered() const { return former_filtered_ + filtered_; }

 private:
  explicit Session(SessionOptions options) : options_(std::move(options)) {}
  RingFile& file() const { return *source_.file; }
  bool bind(FilterError& error);
  // Reads the ring from its oldest record on.
  void begin();
  bool reopen();
  void take(const std::vector<Seen>& records, std::int64_t now_ns);
  void observe(const std::vector<Seen>& first);
  // What the source holds: from when to when, and how much.
  void survey();
  void keep_faults();
  void end_of_server();
  void look_for_successor();
  bool take_over(Source next);
  void show(std::uint64_t ticks);
  std::int64_t now_ns() const;

  // Of this ring. What was overwritten while the first read went on was gone before.
  RecordCounts counts() const;

  void fill_header(const Wish& wish, Picture& picture) const;
  OperationRow row_of(std::uint16_t id, const WindowStats& stats, double all_ns) const;
  void fill_operations(const Wish& wish, Picture& picture) const;
  void fill_detail(std::uint16_t id, const Wish& wish, Picture& picture) const;
  void fill_lanes(const Wish& wish, Picture& picture) const;
  void fill_errors(const Wish& wish, Picture& picture) const;
  void fill_actors(const Wish& wish, Picture& picture) const;
  CallRow call_of(const Seen& seen) const;

  SessionOptions options_;
  std::string expression_;
  Wanted wanted_;
  Source source_;
  std::optional<Matcher> matcher_;
  Model model_;
  Pacing pacing_;
  std::vector<Seen> batch_;
  std::string notice_;
  std::int64_t notice_until_ns_ = 0;

  bool first_read_ = true;
  std::uint64_t shown_ = 0, filtered_ = 0;
  std::uint64_t lost_at_first_ = 0;
  RecordCounts former_;  // of the rings before this one
  std::uint64_t former_shown_ = 0, former_filtered_ = 0;
  std::int64_t passed_ns_ = 0, refreshed_ns_ = 0, looked_ns_ = 0;
  std::int64_t paused_since_ns_ = 0;

  bool past_ = false;
  bool stepped_ = false;  // by the user: a new ring does not take the screen away
  bool was_live_ = false;
  bool arrived_ = false;  // a new ring is there
  std::uint64_t first_ticks_ = 0, last_ticks_ = 0, at_ticks_ = 0;
  bool faults_kept_ = false;
  RecordCounts whole_;             // of the source that is over
  std::size_t pending_ = 0;        // of batch_: the first that lies after at_ticks_
  bool unfit_ = false;             // the new ring does not have yet what the filter names
};

}  // namespace ringside::tool::top
