#include "daemon/http/job_runner.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/unit/daemon/said.h"
#include "tests/unit/daemon/until.h"

using namespace ringside::http;

namespace {

constexpr std::chrono::seconds kDeadline{20};

Job job_of(Job::Kind kind, std::function<Response()> run) { return {kind, std::move(run)}; }

Response response_of(int status) {
  Response response;
  response.status = status;
  return response;
}

// An answer that comes on another thread.
struct Answered {
  std::promise<Response> promise;
  std::future<Response> future = promise.get_future();
  std::function<void(Response)> done() {
    return [this](Response response) { promise.set_value(std::move(response)); };
  }
  Response get() {
    REQUIRE(future.wait_for(kDeadline) == std::future_status::ready);
    return future.get();
  }
};

}  // namespace

TEST_CASE("JobRunner: each job is answered once, whatever it does") {
  const ringside::test::Said said;
  JobRunner runner;
  Request request;
  request.id = "r-17";
  request.path = "/somewhere";
  Answered well, thrown;
  REQUIRE(runner.submit(request, job_of(Job::Kind::reading, [] { return response_of(200); }),
                        well.done()));
  CHECK(well.get().status == 200);
  REQUIRE(runner.submit(
      request, job_of(Job::Kind::waiting, []() -> Response { throw std::runtime_error("disk"); }),
      thrown.done()));
  const Response failed = thrown.get();
  CHECK(failed.status == 500);
  CHECK(failed.body.find("internal_error") != std::string::npos);
  // The cause is for the log. The client gets the id under which it stands there.
  CHECK(failed.body.find("disk") == std::string::npos);
  CHECK(failed.body.find("the daemon's log says more, under the id of this request") !=
        std::string::npos);
  CHECK(said.lines() == std::vector<std::string>{"error: http: r-17 of /somewhere: disk"});
}

TEST_CASE("JobRunner: so many at a time, so many wait, and the next one finds no room") {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  const auto hold = [&] {
    const int now = ++running;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {}
    released.wait();
    --running;
    return Response{};
  };
  std::vector<Answered> answers(5);
  JobRunner runner({.readers = 2, .waiters = 1, .queued = 3});
  const auto submit = [&](Answered& answered) {
    return runner.submit({}, job_of(Job::Kind::reading, hold), answered.done());
  };
  REQUIRE(submit(answers[0]));
  REQUIRE(submit(answers[1]));
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (running < 2 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  REQUIRE(running == 2);
  for (std::size_t i = 2; i < 5; ++i) REQUIRE(submit(answers[i]));
  Answered refused;
  CHECK_FALSE(submit(refused));
  // What waits for the drain thread does not wait for readers.
  Answered other;
  REQUIRE(
      runner.submit({}, job_of(Job::Kind::waiting, [] { return response_of(204); }), other.done()));
  CHECK(other.get().status == 204);
  release.set_value();
  for (Answered& answered : answers) CHECK(answered.get().status == 200);
  CHECK(most == 2);
}

TEST_CASE("JobRunner: its end finishes what has begun and drops what has not") {
  std::promise<void> begun;
  std::promise<void> release;
  std::atomic<int> ran{0};
  Answered first;
  JobRunner runner({.readers = 1, .waiters = 0, .queued = 1'000'000'000});
  REQUIRE(runner.submit({},
                        job_of(Job::Kind::reading,
                               [&] {
                                 ++ran;
                                 begun.set_value();
                                 release.get_future().wait();
                                 return Response{};
                               }),
                        first.done()));
  REQUIRE(begun.get_future().wait_for(kDeadline) == std::future_status::ready);
  const auto submit = [&] {
    return runner.submit({},
                         job_of(Job::Kind::reading,
                                [&] {
                                  ++ran;
                                  return Response{};
                                }),
                         [](const Response&) {});
  };
  REQUIRE(submit());
  std::future<void> ended = std::async(std::launch::async, [&] { runner.stop(); });
  ringside::test::until([&] { return !submit(); });
  release.set_value();
  REQUIRE(ended.wait_for(kDeadline) == std::future_status::ready);
  CHECK(first.get().status == 200);
  CHECK(ran == 1);
}
