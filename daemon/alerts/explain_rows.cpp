#include "daemon/alerts/explain_rows.h"

#include <map>
#include <optional>
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
      const auto own = config_.thresholds.operations.find(name);
      if (own != config_.thresholds.operations.end() && own->second.response_ns > 0) {
        rows.push_back({name, levels_at(own->second.response_ns), own_origin(name)});
      } else {
        rows_by_ring(name, rows);
      }
    }
    return rows;
  }
  // What the servers declare of an operation, and what was learnt of it. Each ring has its own.
  void rows_by_ring(const std::string& name, std::vector<LevelRow>& rows) const {
    std::map<std::string, LevelRow> of_ring;
    std::set<std::string> read;  // rings whose servers say what they declare
    if (snapshot_ != nullptr) {
      for (const SeriesView& series : snapshot_->operations) {
        read.insert(series.ring);
        if (series.name != name) continue;
        if (const auto row = row_of(series.ring, name, series.declared))
          of_ring[series.ring] = *row;
      }
    }
    if (normals_ != nullptr) {
      for (const auto& [ring, normal] : normals_->rings()) {
        if (read.contains(ring)) continue;
        auto row = row_of(ring, name, {});
        if (!row) continue;
        row->from += ", unless its server declares another";
        of_ring[ring] = *row;
      }
    }
    for (auto& [ring, row] : of_ring) {
      if (of_ring.size() > 1) row.from += " (ring " + escape_visible(ring) + ")";
      rows.push_back(row);
    }
  }
  // Nothing: it has the levels of all others.
  std::optional<LevelRow> row_of(const std::string& ring, const std::string& name,
                                 const Declared& declared) const {
    const std::int64_t threshold_ns = config_.thresholds.response_of(name, declared);
    if (threshold_ns == 0) return LevelRow{name, {}, "waits for its client: no alert"};
    if (declared.response_ns > 0)
      return LevelRow{name, levels_at(threshold_ns), "declared by the server"};
    const OperationNormal* normal = normals_ == nullptr ? nullptr : normals_->operation(ring, name);
    const LatencyLevels levels =
        latency_levels(config_, name, declared, static_cast<double>(threshold_ns), normal);
    if (!levels.learnt) return std::nullopt;
    return LevelRow{name, levels.levels,
                    levels.origin[static_cast<std::size_t>(AlertLevel::warning)]};
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
