#include "daemon/storage/thread_check.h"

#include <doctest/doctest.h>

#include <thread>

namespace ringside {
namespace {

bool current_on_another_thread(const ThreadCheck& check) {
  bool current = false;
  std::thread([&] { current = check.is_current(); }).join();
  return current;
}

TEST_CASE("ThreadCheck: belongs to the thread that made it, until another one takes it over") {
  ThreadCheck check;
  CHECK(check.is_current());
  CHECK_FALSE(current_on_another_thread(check));
  std::thread([&] {
    check.take_over();
    CHECK(check.is_current());
  }).join();
  CHECK_FALSE(check.is_current());
}

TEST_CASE("ThreadCheck: between two owners it belongs to nobody") {
  ThreadCheck check;
  check.release();
  CHECK_FALSE(check.is_current());
  CHECK_FALSE(current_on_another_thread(check));
  check.take_over();
  CHECK(check.is_current());
}

}  // namespace
}  // namespace ringside
