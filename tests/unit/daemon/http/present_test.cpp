#include "daemon/http/present.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using namespace ringside;
using namespace ringside::http;

TEST_CASE("Present: an answer is made once, kept by its key, and tagged by its text") {
  const Present present(std::make_shared<const Snapshot>());
  int made = 0;
  const auto kept = [&](const std::string& key, const std::string& text) {
    return present.kept(key, [&] {
      ++made;
      return text;
    });
  };
  CHECK(kept("a", "text")->text == "text");
  CHECK(kept("a", "other")->text == "text");
  CHECK(made == 1);
  CHECK(kept("b", "text")->etag == kept("a", "")->etag);
  CHECK(kept("c", "texu")->etag != kept("a", "")->etag);
  CHECK(weak_etag("") == "W/\"cbf29ce484222325\"");
  CHECK(weak_etag("a") == "W/\"af63dc4c8601ec8c\"");  // the published vector of FNV-1a
}

TEST_CASE("Present: what it keeps is bounded by number and by size") {
  const Present present(std::make_shared<const Snapshot>());
  int made = 0;
  const auto ask = [&](std::size_t key, std::size_t bytes) {
    present.kept(std::to_string(key), [&] {
      ++made;
      return std::string(bytes, 'x');
    });
  };
  ask(1000, Present::kMostKeptBytes + 1);
  ask(1000, Present::kMostKeptBytes + 1);
  CHECK(made == 2);  // too large to be kept
  for (std::size_t round = 0; round < 2; ++round) {
    for (std::size_t key = 0; key < Present::kMostKept + 1; ++key) ask(key, 1);
  }
  CHECK(made == 2 + static_cast<int>(Present::kMostKept) + 2);  // the last one found no room twice
}

TEST_CASE("Present: several threads get the same analysis and the same answer") {
  const Present present(std::make_shared<const Snapshot>());
  std::vector<std::thread> threads;
  std::vector<const Report*> reports(4);
  std::vector<std::string> texts(4);
  for (std::size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      reports[i] = &present.report();
      texts[i] = present.kept("key", [] { return std::string("text"); })->text;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(reports[i] == reports[0]);
    CHECK(texts[i] == "text");
  }
}
