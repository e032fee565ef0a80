// Hands what a person says of alerts to the drain thread, and waits for its answer.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/http/alert_desk.h"
#include "daemon/run/drain_thread.h"

namespace ringside {

class DrainDesk : public http::AlertDesk {
 public:
  using Ask = std::function<void(DrainThread::AlertCall)>;  // DrainThread::ask_to_handle()
  explicit DrainDesk(Ask ask) : ask_(std::move(ask)) {}

  std::optional<std::vector<AlertAnswer>> handle(std::vector<AlertRequest> requests,
                                                 std::chrono::milliseconds within) override;

 private:
  Ask ask_;
};

}  // namespace ringside
