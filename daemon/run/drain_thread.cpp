#include "daemon/run/drain_thread.h"

#include <pthread.h>
#include <sys/prctl.h>

#include <algorithm>
#include <utility>

#include "daemon/rings/pacing.h"
#include "shm/assert.h"
#include "shm/clock.h"

namespace ringside {

DrainThread::~DrainThread() {
  stop();
  join();
}

void DrainThread::start(const Intervals& intervals, std::function<void(LastWords)> at_the_end) {
  RINGSIDE_ASSERT(!thread_.joinable() && intervals.tick_ns > 0 && intervals.emergency_tick_ns > 0);
  intervals_ = intervals;
  at_the_end_ = std::move(at_the_end);
  thread_ = std::thread([this] { run(); });
}

void DrainThread::join() {
  if (thread_.joinable()) thread_.join();
}

template <typename Change>
void DrainThread::ask(const Change& change) {
  {
    const std::lock_guard lock(mutex_);
    change(requests_);
  }
  bell_.ring();
}

void DrainThread::ask_for_report() {
  ask([](Requests& requests) { requests.report = true; });
}

void DrainThread::reconfigure(const Config& config) {
  ask([&](Requests& requests) { requests.config = config; });
}

void DrainThread::ask_to_handle(AlertCall call) {
  ask([&](Requests& requests) { requests.alerts.push_back(std::move(call)); });
}

void DrainThread::stop() {
  ask([](Requests& requests) { requests.stop = true; });
}

std::shared_ptr<const Snapshot> DrainThread::snapshot() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

void DrainThread::publish(std::shared_ptr<const Snapshot> snapshot) {
  if (on_publish_) on_publish_(snapshot);
  {
    const std::lock_guard lock(mutex_);
    published_.swap(snapshot);
  }
  // The snapshot before it is freed here, outside the lock, if nobody else holds it.
}

// Sleeps until the pause is over, a request comes, or a ring's directory has a new file. A pause
// below zero is over already.
DrainThread::Awoken DrainThread::sleep(std::int64_t pause_ns) {
  const bool files_changed = bell_.sleep(pause_ns, directories_.fd());
  const std::lock_guard lock(mutex_);
  return {files_changed, std::exchange(requests_, {})};
}

// Ticks come at multiples of their interval. So a tick of 5 s, the default, comes when a slice of
// the metrics has just ended, and what alerts judge is what has come since the tick before. Missed
// ticks (the machine was stopped) are left out: they would cover no time.
std::int64_t DrainThread::next_tick_after(std::int64_t now_ns) const {
  return (now_ns / intervals_.tick_ns + 1) * intervals_.tick_ns;
}

// Between two ticks it is looked for emergencies, at multiples of that interval.
bool DrainThread::tick_is_due(const Instant& now) {
  const std::int64_t now_ns = now.monotonic_ns;
  const bool due = now_ns >= next_tick_ns_;
  if (due) next_tick_ns_ = next_tick_after(now_ns);
  if (!due && now_ns < next_look_ns_) return false;
  const std::int64_t every_ns = intervals_.emergency_tick_ns;
  next_look_ns_ = (now_ns / every_ns + 1) * every_ns;
  return due || monitor_.urgent(now);
}

void DrainThread::handle_alerts(Requests& requests) {
  for (AlertCall& call : requests.alerts) {
    if (call.begins && !call.begins()) continue;
    const Instant now = read_instant();
    std::vector<AlertAnswer> answers;
    for (const AlertRequest& request : call.requests)
      answers.push_back(monitor_.handle(request, now));
    call.answered(std::move(answers));
  }
}

void DrainThread::run() {
  pthread_setname_np(pthread_self(), "drain");
  // A sleep may otherwise take 50 us longer than it says, which is more than the shortest pause.
  prctl(PR_SET_TIMERSLACK, 1);
  monitor_.take_over();
  Pacing pacing;
  directories_.follow(monitor_.wanted_files());  // before the first pass looks for itself
  std::int64_t last_pass_ns = clock_ns(CLOCK_MONOTONIC);
  next_tick_ns_ = last_pass_ns;
  bool files_changed = false;
  for (;;) {
    const Instant now = read_instant();
    // An idle daemon wakes 20 times a second. A read that finds nothing would be a third of that.
    DirectoryWatch::Changes changes;
    if (files_changed) changes = directories_.take();
    const PassResult pass = monitor_.pass(now, {std::move(changes.appeared), changes.unsure});
    if (pass.attached) pacing.begin_anew();
    if (tick_is_due(now)) {
      publish(monitor_.tick(now));
      directories_.follow(monitor_.wanted_files());  // follows directories that have appeared
    }
    const std::int64_t pause_ns =
        pacing.next_pause_ns(pass.fullest, now.monotonic_ns - last_pass_ns);
    last_pass_ns = now.monotonic_ns;
    // The pause includes the time that the pass took.
    const std::int64_t until_ns = std::min(now.monotonic_ns + pause_ns, next_tick_ns_);
    auto [changed, requests] = sleep(until_ns - clock_ns(CLOCK_MONOTONIC));
    files_changed = changed;
    if (requests.config) {
      intervals_ = Intervals::of(*requests.config);
      monitor_.reconfigure(*requests.config, read_instant());
      directories_.follow(monitor_.wanted_files());
      next_tick_ns_ = std::min(next_tick_ns_, next_tick_after(now.monotonic_ns));
    }
    handle_alerts(requests);
    if (requests.stop) break;
    if (requests.report) publish(monitor_.report(read_instant()));
  }
  LastWords last = monitor_.last(read_instant());
  publish(last.snapshot);
  at_the_end_(std::move(last));
}

}  // namespace ringside
