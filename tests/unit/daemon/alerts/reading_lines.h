// Readings of the rules as lines, so that a whole list is compared with one written by hand.
#pragma once

#include <fmt/format.h>

#include <algorithm>

#include "daemon/alerts/alert_rules.h"
#include "tests/unit/daemon/alerts/alert_world.h"

namespace ringside {

using Lines = std::vector<std::string>;

// "alert|figure|ring|operation VALUE unit (few) (certain) level raise/clear ...: text"
inline std::string reading_line(const Reading& r) {
  std::string line = r.key() + " " + (r.value ? fmt::format("{:.6g}", *r.value) : "unknown") + " " +
                     name_of(r.unit);
  if (r.idle) line += " idle";
  if (r.certain) line += " certain";
  for (std::size_t i = 0; i < kAlertLevels; ++i) {
    const auto& bounds = r.levels.bounds[i];
    if (bounds)
      line += fmt::format(" {} {:.6g}/{:.6g}", kAlertLevelNames[i], bounds->raise, bounds->clear);
  }
  return line + ": " + r.text;
}

// The readings whose key begins so.
inline Lines readings_of(const World& world, RuleMemory& memory, const std::string& key = "") {
  Lines lines;
  for (const Reading& reading : read_figures(world.snapshot, world.config, memory)) {
    if (reading.key().starts_with(key)) lines.push_back(reading_line(reading));
  }
  return lines;
}
inline Lines readings_of(const World& world, const std::string& key = "") {
  RuleMemory memory;
  return readings_of(world, memory, key);
}

// Where a list differs is seen at once, line by line.
inline void check_lines(const Lines& found, const Lines& expected) {
  for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i)
    CHECK(found[i] == expected[i]);
  CHECK(found.size() == expected.size());
}

}  // namespace ringside
