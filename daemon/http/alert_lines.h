// The latest lines of the alert log: what it has of incidents, and of what people said. The
// snapshot of the engine has transitions of alerts alone.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "daemon/alerts/sink.h"
#include "report/model/alerts.h"

namespace ringside::http {

class AlertLines final : public AlertSink {
 public:
  static constexpr std::size_t kMost = 500;

  // `told` gets each line as it comes, on the drain thread, and must not wait; it may be empty.
  explicit AlertLines(std::function<void(const AlertTransition&)> told = {})
      : told_(std::move(told)) {}

  void tell(const std::vector<AlertTransition>& transitions) override;
  // The oldest first. Any thread.
  std::shared_ptr<const std::vector<AlertTransition>> latest() const;

 private:
  const std::function<void(const AlertTransition&)> told_;
  mutable std::mutex mutex_;
  std::shared_ptr<const std::vector<AlertTransition>> lines_ =
      std::make_shared<const std::vector<AlertTransition>>();
};

}  // namespace ringside::http
