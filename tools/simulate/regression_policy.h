// What decides, from minutes of history, that an operation has become slower.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "report/model/history.h"

namespace ringside::simulate {

struct RegressionWord {
  enum class What : std::uint8_t { slower, over, mix };
  std::int64_t wall_s = 0;  // the end of the minute that showed it
  What what = What::slower;
  std::string operation;  // empty: of the ring
  std::string stage;      // empty: the operation
};

class RegressionPolicy {
 public:
  virtual ~RegressionPolicy() = default;
  virtual const char* name() const = 0;
  virtual std::vector<RegressionWord> minute(std::int64_t begin_wall_s,
                                             const std::vector<HistorySeries>& batch) = 0;
};

// Ours: report/analysis/regression_watch.h.
std::unique_ptr<RegressionPolicy> make_regression_ours();
// A plain threshold: the mean of the last 10 minutes, of an operation or of a stage, is 15 % above
// that of the 60 minutes before.
std::unique_ptr<RegressionPolicy> make_regression_means();
// A t-test as performance dashboards run it (Mozilla's Perfherder, treeherder/perfalert): the 12
// latest figures against the 12 before, near ones weighted more; alert at t >= 7 and 2 %.
std::unique_ptr<RegressionPolicy> make_regression_t_test();

}  // namespace ringside::simulate
