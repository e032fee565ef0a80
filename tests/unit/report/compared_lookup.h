// What the tests of comparisons look up in one.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "report/analysis/comparison.h"

namespace compared {

inline const ringside::ComparedOperation& one(const ringside::Comparison& comparison,
                                              const std::string& name) {
  const auto found = std::find_if(comparison.operations.begin(), comparison.operations.end(),
                                  [&](const auto& each) { return each.operation == name; });
  REQUIRE(found != comparison.operations.end());
  return *found;
}

inline const ringside::ComparedFigure& figure(const ringside::ComparedOperation& operation,
                                              ringside::ComparedFigure::Kind kind) {
  const auto found = std::find_if(operation.figures.begin(), operation.figures.end(),
                                  [&](const auto& each) { return each.kind == kind; });
  REQUIRE(found != operation.figures.end());
  return *found;
}

inline std::size_t changed(const ringside::Comparison& comparison) {
  return static_cast<std::size_t>(std::count_if(comparison.operations.begin(),
                                                comparison.operations.end(),
                                                [](const auto& each) { return each.changed(); }));
}

}  // namespace compared
