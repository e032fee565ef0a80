// The figures that the rivals judge, each over the last minute, with the thresholds that ringsided
// ships. An operator of Prometheus or Netdata would write these rules.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "report/model/snapshot.h"

namespace ringside::simulate {

struct Figure {
  std::string key;  // of one alert rule and one operation
  AlertType alert{};
  std::string operation;
  std::optional<double> value;  // absent: no data
  double warning = 0;           // from here on; 0: there is no such level
  double critical = 0;          // the same
  double warning_clear = 0;
  double critical_clear = 0;
};

class Figures {
 public:
  explicit Figures(const Config& config) : config_(config) {}
  // To be called at each tick. Counters are compared with those of a minute ago.
  std::vector<Figure> of(const Snapshot& snapshot);

 private:
  const Config config_;
  std::deque<std::uint64_t> lost_;  // at the last twelve ticks
};

}  // namespace ringside::simulate
