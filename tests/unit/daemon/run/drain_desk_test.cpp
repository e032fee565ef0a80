// Who asks about alerts waits for the drain thread, and not for ever.
#include "daemon/run/drain_desk.h"

#include <doctest/doctest.h>

#include <thread>

using namespace ringside;
using namespace std::chrono_literals;

namespace {

std::vector<AlertRequest> two_requests() {
  std::vector<AlertRequest> requests(2);
  requests[0].id = "first";
  requests[1].id = "second";
  return requests;
}

std::vector<AlertAnswer> answers_to(const std::vector<AlertRequest>& requests) {
  std::vector<AlertAnswer> answers;
  for (const AlertRequest& request : requests) {
    answers.emplace_back();
    answers.back().done = true;
    answers.back().text = request.id;
  }
  return answers;
}

}  // namespace

TEST_CASE("DrainDesk: the answers of another thread come in the order of the requests") {
  std::thread other;
  DrainDesk desk([&](DrainThread::AlertCall call) {
    other = std::thread([call = std::move(call)] {
      if (call.begins()) call.answered(answers_to(call.requests));
    });
  });
  const auto answers = desk.handle(two_requests(), 60s);
  other.join();
  REQUIRE(answers);
  REQUIRE(answers->size() == 2);
  CHECK(answers->at(0).text == "first");
  CHECK(answers->at(1).text == "second");
}

TEST_CASE("DrainDesk: what was given up is not handled later") {
  DrainThread::AlertCall left;
  DrainDesk desk([&](DrainThread::AlertCall call) { left = std::move(call); });
  CHECK_FALSE(desk.handle(two_requests(), 1ms));
  CHECK_FALSE(left.begins());
}

TEST_CASE("DrainDesk: what has begun is waited for, however short the time is") {
  std::thread other;
  DrainDesk desk([&](DrainThread::AlertCall call) {
    CHECK(call.begins());
    CHECK_FALSE(call.begins());
    other = std::thread([call = std::move(call)] { call.answered(answers_to(call.requests)); });
  });
  const auto answers = desk.handle(two_requests(), 0ms);
  other.join();
  REQUIRE(answers);
  CHECK(answers->size() == 2);
}
