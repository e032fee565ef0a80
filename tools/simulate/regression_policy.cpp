#include "tools/simulate/regression_policy.h"

#include <cmath>
#include <deque>
#include <map>
#include <utility>

#include "report/analysis/regression_watch.h"

namespace ringside::simulate {
namespace {

using What = RegressionWord::What;

class OurRegressions : public RegressionPolicy {
 public:
  const char* name() const override { return "ours"; }
  std::vector<RegressionWord> minute(std::int64_t begin_wall_s,
                                     const std::vector<HistorySeries>& batch) override {
    watch_.add_minute(begin_wall_s, batch);
    std::vector<RegressionWord> words;
    for (const RegressionFinding& found : watch_.findings()) {
      const bool slower = found.kind == RegressionFinding::Kind::slower;
      if (found.found_wall_s == begin_wall_s + 60)
        words.push_back(
            {found.found_wall_s, slower ? What::slower : What::mix, found.operation, found.stage});
      if (found.ended_wall_s == begin_wall_s + 60 && slower)
        words.push_back({found.ended_wall_s, What::over, found.operation, found.stage});
    }
    return words;
  }

 private:
  RegressionWatch watch_;
};

// A policy that looks at the mean of each operation and of each stage by itself.
class OfMeans : public RegressionPolicy {
 public:
  std::vector<RegressionWord> minute(std::int64_t begin_wall_s,
                                     const std::vector<HistorySeries>& batch) override {
    std::vector<RegressionWord> words;
    for (const HistorySeries& series : batch) {
      const HistorySlot& slot = series.slots[0];
      look(words, begin_wall_s, series.name, "", slot.timed, slot.sum_ns);
      for (std::size_t i = 0; i < kStages; ++i) {
        if (!series.stage_names[i].empty())
          look(words, begin_wall_s, series.name, series.stage_names[i], slot.stages[i].count,
               slot.stages[i].sum_ns);
      }
    }
    return words;
  }

 protected:
  struct Point {
    double count = 0;
    double sum = 0;
  };
  struct Figure {
    std::deque<Point> points;
    bool raised = false;
  };
  virtual bool wants_empty() const = 0;
  virtual std::size_t window() const = 0;  // points
  virtual bool high(const std::deque<Point>& points) const = 0;
  // Whether a raised one is over.
  virtual bool over(const std::deque<Point>& points) const { return !high(points); }

 private:
  void look(std::vector<RegressionWord>& words, std::int64_t wall_s, const std::string& operation,
            const std::string& stage, std::uint64_t count, std::uint64_t sum) {
    if (count == 0 && !wants_empty()) return;
    Figure& figure = figures_[{operation, stage}];
    figure.points.push_back({static_cast<double>(count), static_cast<double>(sum)});
    if (figure.points.size() > window()) figure.points.pop_front();
    if (figure.points.size() < window()) return;
    if (figure.raised ? over(figure.points) : high(figure.points)) {
      figure.raised = !figure.raised;
      words.push_back({wall_s + 60, figure.raised ? What::slower : What::over, operation, stage});
    }
  }
  std::map<std::pair<std::string, std::string>, Figure> figures_;
};

class TwoMeans : public OfMeans {
 public:
  const char* name() const override { return "two means"; }

 protected:
  static constexpr std::size_t kNow = 10;
  static constexpr std::size_t kBefore = 60;
  static constexpr double kAbove = 1.15;
  bool wants_empty() const override { return true; }
  std::size_t window() const override { return kNow + kBefore; }
  bool high(const std::deque<Point>& points) const override {
    Point before;
    Point now;
    for (std::size_t i = 0; i < points.size(); ++i) {
      Point& to = i < kBefore ? before : now;
      to.count += points[i].count;
      to.sum += points[i].sum;
    }
    // As few calls as ours needs.
    return now.count >= 20 && before.count >= 20 &&
           now.sum / now.count > kAbove * before.sum / before.count;
  }
};

class TTest : public OfMeans {
 public:
  const char* name() const override { return "t-test"; }

 protected:
  static constexpr std::size_t kEach = 12;
  static constexpr double kT = 7;
  static constexpr double kAbove = 1.02;
  bool wants_empty() const override { return false; }
  std::size_t window() const override { return 2 * kEach; }
  bool high(const std::deque<Point>& points) const override { return judge(points, 1); }
  bool over(const std::deque<Point>& points) const override { return judge(points, -1); }

 private:
  struct Side {
    double mean = 0;
    double variance = 0;
  };
  // The figure nearest to the change weighs most.
  static Side side(const std::deque<Point>& points, bool before) {
    Side result;
    double weights = 0;
    const auto figure = [&](std::size_t i) {
      const Point& point = before ? points[kEach - 1 - i] : points[kEach + i];
      return point.sum / point.count;
    };
    for (std::size_t i = 0; i < kEach; ++i) {
      const double weight = static_cast<double>(kEach - i) / kEach;
      result.mean += weight * figure(i);
      weights += weight;
    }
    result.mean /= weights;
    for (std::size_t i = 0; i < kEach; ++i)
      result.variance += std::pow(figure(i) - result.mean, 2) / (kEach - 1);
    return result;
  }
  static bool judge(const std::deque<Point>& points, double sign) {
    const Side before = side(points, true);
    const Side now = side(points, false);
    const double error = std::sqrt((before.variance + now.variance) / kEach);
    const double t = (now.mean - before.mean) / error;
    return sign * t >= kT &&
           (sign > 0 ? now.mean >= kAbove * before.mean : before.mean >= kAbove * now.mean);
  }
};

}  // namespace

std::unique_ptr<RegressionPolicy> make_regression_ours() {
  return std::make_unique<OurRegressions>();
}
std::unique_ptr<RegressionPolicy> make_regression_means() { return std::make_unique<TwoMeans>(); }
std::unique_ptr<RegressionPolicy> make_regression_t_test() { return std::make_unique<TTest>(); }

}  // namespace ringside::simulate
