#include "daemon/alerts/explain_rows.h"

#include <set>

#include "daemon/alerts/explain_words.h"
#include "daemon/alerts/latency_levels.h"
#include "report/model/format.h"

namespace ringside {
namespace {

class Rows {
 public:
  Rows(const Config& config, const Snapshot* snapshot, const Normals* normals)
      : config_(config), snapshot_(snapshot), normals_(normals) {}

  // The operations that are known, by name: of the rings, and of the configuration.
  std::set<std::string> names() const {
    std::set<std::string> out;
    for (const auto& [name, own] : config_.thresholds.operations) out.insert(name);
    if (snapshot_ != nullptr) {
      for (const SeriesView& series : snapshot_->operations) out.insert(series.name);
    }
    if (normals_ != nullptr) {
      for (const auto& [ring, normal] : normals_->rings()) {
        for (const auto& [name, own] : normal.operations) out.insert(name);
      }
    }
    return out;
  }
  Declared declared(const std::string& name) const {
    if (snapshot_ == nullptr) return {};
    for (const SeriesView& series : snapshot_->operations) {
      if (series.name == name) return series.declared;
    }
    return {};
  }
  std::string own_origin(const std::string& name) const {
    const Thresholds shipped;
    const auto found = shipped.operations.find(name);
    const bool as_shipped = found != shipped.operations.end() &&
                            found->second == config_.thresholds.operations.at(name);
    return as_shipped ? "default" : "configured";
  }

  std::vector<LevelRow> latency_rows(const ExplainedFigure& figure) const {
    std::vector<LevelRow> rows{
        {"all others", figure.levels(config_), origin("thresholds.response_time", config_)}};
    for (const std::string& name : names()) {
      const Declared says = declared(name);
      const std::int64_t threshold_ns = config_.thresholds.response_of(name, says);
      const auto own = config_.thresholds.operations.find(name);
      if (own != config_.thresholds.operations.end() && own->second.response_ns > 0) {
        rows.push_back({name, levels_at(threshold_ns), own_origin(name)});
      } else if (threshold_ns == 0) {
        rows.push_back({name, {}, "waits for its client: no alert"});
      } else if (says.response_ns > 0) {
        rows.push_back({name, levels_at(threshold_ns), "declared by the server"});
      } else {
        learnt_rows(name, threshold_ns, rows);
      }
    }
    return rows;
  }
  // What was learnt of the operation, where that counts. Each ring has its own.
  void learnt_rows(const std::string& name, std::int64_t threshold_ns,
                   std::vector<LevelRow>& rows) const {
    if (normals_ == nullptr) return;
    for (const auto& [ring, normal] : normals_->rings()) {
      const auto found = normal.operations.find(name);
      if (found == normal.operations.end()) continue;
      const LatencyLevels levels =
          latency_levels(config_, name, {}, static_cast<double>(threshold_ns), &found->second);
      if (!levels.learnt) continue;
      rows.push_back({name, levels.levels,
                      levels.origin[static_cast<std::size_t>(AlertLevel::warning)] +
                          (normals_->rings().size() > 1 ? " on " + escape_visible(ring) : "")});
    }
  }
  Levels levels_at(std::int64_t threshold_ns) const {
    return config_.alerts.latency.times(static_cast<double>(threshold_ns) / 1e6);
  }

  std::vector<LevelRow> error_rows(const ExplainedFigure& figure) const {
    std::vector<LevelRow> rows{
        {"all others", figure.levels(config_), origin("thresholds.error_rate_percent", config_)}};
    for (const auto& [name, own] : config_.thresholds.operations) {
      if (own.error_percent < 0) continue;
      rows.push_back({name, config_.alerts.error_rate.times(own.error_percent), own_origin(name)});
    }
    return rows;
  }

  const Config& config_;
  const Snapshot* snapshot_;
  const Normals* normals_;
};

}  // namespace

std::vector<LevelRow> level_rows(const ExplainedFigure& figure, const Config& config,
                                 const Snapshot* snapshot, const Normals* normals) {
  const Rows rows(config, snapshot, normals);
  if (figure.alert == AlertType::high_latency) return rows.latency_rows(figure);
  if (figure.alert == AlertType::high_error_rate) return rows.error_rows(figure);
  return {{std::string(figure.of), figure.levels(config), ""}};
}

}  // namespace ringside
