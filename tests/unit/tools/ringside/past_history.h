// A history that the daemon's own writer has made, for tests of those who show it.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "daemon/history/history_store.h"
#include "tests/support/random.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/history/history_samples.h"
#include "tools/ringside/past/feed.h"
#include "tools/ringside/top/view.h"

namespace ringside::tool::past {

using test::kHistoryBegin;

inline constexpr std::int64_t kMinutes = 12;

// Null, and `refused` set, when the feed cannot begin.
inline std::unique_ptr<MinutesFeed> open_feed(const std::string& path, const FeedOptions& options,
                                              top::Refusal& refused) {
  Failure failure;
  Named named;
  named.history = path;
  auto source = open_history(named, failure);
  REQUIRE_MESSAGE(source != nullptr, failure.message);
  return MinutesFeed::open(std::move(source), options, refused);
}

struct Written {
  Written() {
    HistoryStore store;
    std::string moved;
    REQUIRE(!store.open(path, {}, &moved));
    for (std::int64_t i = 0; i < kMinutes; ++i) {
      const std::int64_t begin = kHistoryBegin + i * 60;
      HistorySpan batch =
          test::history_minute(random, begin, 100 + static_cast<std::uint64_t>(i) * 10);
      HistorySlot& slot = batch.series[0].slots[0];
      HistorySlot quick = test::history_slot(random, begin, 40);
      batch.series.push_back(test::history_series("LIST_ROOMS", {quick}));
      HistorySlot event;
      event.begin_wall_s = begin;
      event.recorded = 7;
      event.outcomes[0] = 7;
      batch.series.push_back(test::history_series("LOGIN_FAILED", {event}));
      batch.series.back().event = true;
      batch.series.back().category.clear();
      batch.error_names = {{"chat", 100, "DB_TIMEOUT"}};
      slots.push_back(slot);
      store.write(batch);
    }
  }

  std::unique_ptr<MinutesFeed> open(const FeedOptions& options = {},
                                    top::Refusal* refused = nullptr) const {
    top::Refusal refusal;
    auto feed = open_feed(path, options, refusal);
    if (refused != nullptr) *refused = refusal;
    return feed;
  }

  // What the slots of the minutes [first, last] say of SEND_MESSAGE.
  Histogram latency(std::size_t first, std::size_t last) const {
    Histogram sum;
    for (std::size_t i = first; i <= last; ++i) sum.merge(slots[i].latency);
    return sum;
  }
  std::uint64_t calls(std::size_t first, std::size_t last) const {
    std::uint64_t sum = 0;
    for (std::size_t i = first; i <= last; ++i) sum += slots[i].count();
    return sum;
  }

  test::TempDir directory;
  const std::string path = directory.file("history.db");
  std::mt19937_64 random{test::seed()};
  std::vector<HistorySlot> slots;  // of SEND_MESSAGE
};

inline top::Wish wish_of(std::size_t window, bool all = true) {
  top::Wish wish;
  wish.window_s = kWindowsS[window];
  wish.lanes = wish.errors = wish.actors = all;
  return wish;
}

inline top::Picture shown(MinutesFeed& feed, std::size_t window = 0) {
  top::Picture picture;
  feed.fill(wish_of(window), picture);
  return picture;
}

inline const top::OperationRow& row(const top::Picture& picture, const std::string& name) {
  const auto found = std::find_if(picture.operations.begin(), picture.operations.end(),
                                  [&](const top::OperationRow& one) { return one.name == name; });
  REQUIRE(found != picture.operations.end());
  return *found;
}

inline std::int64_t begin_s(const top::Picture& picture) {
  return picture.begin_wall_ns / 1'000'000'000 - kHistoryBegin;
}
inline std::int64_t end_s(const top::Picture& picture) {
  return picture.wall_ns / 1'000'000'000 - kHistoryBegin;
}

inline std::string screen(const top::Picture& picture, top::ViewState& state) {
  std::string text;
  for (const top::Line& line : top::draw(picture, state, {24, 80}).lines)
    text += line.text() + '\n';
  return text;
}

// The failure of a file that cannot be opened.
inline std::string refused(const std::string& path, const std::string& ring = {}) {
  Failure failure;
  Named named;
  named.history = path;
  named.ring = ring;
  CHECK(open_history(named, failure) == nullptr);
  return failure.message;
}

}  // namespace ringside::tool::past
