// A history, or a running daemon, as `ringside top` follows it. No terminal.
//
//          [  {  a moment                    ] beyond the end,  }
//   now  ----------------->  past: minutes  ------------------------>  now
//   (a daemon alone)         of the history   (a history: its end)
//
// A history that a daemon is writing grows. Whoever looks at its end goes with it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/ringside/past/moment.h"
#include "tools/ringside/past/name_filter.h"
#include "tools/ringside/past/source.h"
#include "tools/ringside/top/feed.h"

namespace ringside::tool::past {

struct FeedOptions {
  FilterFlags filter;
  std::string at;  // empty: now, or the end
};

class MinutesFeed : public top::Feed {
 public:
  static std::unique_ptr<MinutesFeed> open(std::unique_ptr<MinuteSource> source,
                                           const FeedOptions& options, top::Refusal& refusal);

  std::int64_t pass() override;
  void fill(const top::Wish& wish, top::Picture& picture) override;
  std::int64_t window_s(std::size_t index) const override { return kWindowsS[index]; }

  bool set_filter(const std::string& expression, FilterError& error) override;
  const std::string& filter() const override { return expression_; }
  void pause(bool on) override;
  bool paused() const override { return paused_since_ns_ != 0; }

  bool past() const override { return end_s_.has_value(); }
  void step(std::int64_t ns) override;
  void step_to_begin() override;
  void step_to_end() override;
  bool jump(const std::string& text, std::string& why) override;
  void say_end(const char* command) override;

 private:
  explicit MinutesFeed(std::unique_ptr<MinuteSource> source) : source_(std::move(source)) {}
  bool refresh_held();
  void show(std::int64_t end_s);
  void read(const top::Wish& wish);
  std::uint16_t id_of(const SeriesKey& key);
  void complain(const Failure& failure);

  void fill_header(const top::Wish& wish, top::Picture& picture) const;
  void fill_operations(top::Picture& picture);
  void fill_errors(top::Picture& picture);
  void fill_detail(const top::Wish& wish, top::Picture& picture) const;

  std::unique_ptr<MinuteSource> source_;
  FilterFlags flags_;
  std::string expression_;
  NameFilter filter_;

  Held held_;
  std::optional<std::int64_t> end_s_;  // of the minutes that are shown; nothing: now
  Figures figures_;
  std::optional<top::Wish> read_for_;  // nothing: what was read is stale
  std::string notice_;                 // why nothing new could be read
  std::int64_t read_ns_ = 0, looked_ns_ = 0, paused_since_ns_ = 0;

  std::map<SeriesKey, std::uint16_t> ids_;
  std::vector<SeriesKey> keys_;  // by id
};

}  // namespace ringside::tool::past
