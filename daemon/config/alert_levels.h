// How serious an alert is, and from which value on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "report/model/alerts.h"

namespace ringside {

// A value reaches a level at `raise` and above, and leaves it below `clear`. Between the two the
// level stays as it is. So a value that trembles around one threshold does not raise and clear at
// every tick.
struct LevelBounds {
  double raise = 0;
  double clear = 0;
  friend bool operator==(const LevelBounds&, const LevelBounds&) = default;
};

// The levels of one figure. An absent level is never reached. If all are absent, the figure raises
// no alert.
struct Levels {
  std::array<std::optional<LevelBounds>, kAlertLevels> bounds{};

  Levels() = default;
  static Levels of(std::optional<LevelBounds> warning, std::optional<LevelBounds> critical = {},
                   std::optional<LevelBounds> emergency = {}) {
    Levels levels;
    levels.bounds = {std::nullopt, warning, critical, emergency};
    return levels;
  }

  const std::optional<LevelBounds>& at(AlertLevel level) const {
    return bounds[static_cast<std::size_t>(level)];
  }
  bool any() const {
    for (const auto& level : bounds) {
      if (level) return true;
    }
    return false;
  }
  // Turns bounds that are multiples of a threshold into absolute ones.
  Levels times(double threshold) const {
    Levels out = *this;
    for (auto& level : out.bounds) {
      if (level) level = LevelBounds{level->raise * threshold, level->clear * threshold};
    }
    return out;
  }
  // The highest level that the value reaches.
  std::optional<AlertLevel> reached(double value) const {
    for (std::size_t i = kAlertLevels; i-- > 0;) {
      if (bounds[i] && value >= bounds[i]->raise) return static_cast<AlertLevel>(i);
    }
    return std::nullopt;
  }
  friend bool operator==(const Levels&, const Levels&) = default;
};

}  // namespace ringside
