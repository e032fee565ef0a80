#include "daemon/run/drain_desk.h"

#include <condition_variable>
#include <memory>
#include <mutex>

namespace ringside {
namespace {

// Shared by who waits and the drain thread, whoever leaves first.
struct Call {
  enum class Is { waiting, begun, answered, given_up };
  std::mutex mutex;
  std::condition_variable changed;
  Is is = Is::waiting;
  std::vector<AlertAnswer> answers;

  bool begin() {
    const std::lock_guard lock(mutex);
    if (is != Is::waiting) return false;
    is = Is::begun;
    return true;
  }
  void answer(std::vector<AlertAnswer> given) {
    {
      const std::lock_guard lock(mutex);
      answers = std::move(given);
      is = Is::answered;
    }
    changed.notify_all();
  }
};

}  // namespace

std::optional<std::vector<AlertAnswer>> DrainDesk::handle(std::vector<AlertRequest> requests,
                                                          std::chrono::milliseconds within) {
  const auto call = std::make_shared<Call>();
  ask_({std::move(requests), [call] { return call->begin(); },
        [call](std::vector<AlertAnswer> answers) { call->answer(std::move(answers)); }});
  std::unique_lock lock(call->mutex);
  call->changed.wait_for(lock, within, [&] { return call->is == Call::Is::answered; });
  if (call->is == Call::Is::waiting) {
    call->is = Call::Is::given_up;
    return std::nullopt;
  }
  // It has begun, and takes microseconds from there.
  call->changed.wait(lock, [&] { return call->is == Call::Is::answered; });
  return std::move(call->answers);
}

}  // namespace ringside
