#include "daemon/config/known_operations.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/config/config_keys.h"

namespace ringside {

std::vector<UnknownOperation> unknown_operations(const Thresholds& thresholds,
                                                 const std::vector<std::string>& registered) {
  std::vector<UnknownOperation> unknown;
  if (registered.empty()) return unknown;
  const Thresholds shipped;
  for (const auto& [name, own] : thresholds.operations) {
    const auto standard = shipped.operations.find(name);
    if (standard != shipped.operations.end() && standard->second == own) continue;
    if (std::find(registered.begin(), registered.end(), name) != registered.end()) continue;
    unknown.push_back({name, nearest_name(name, registered)});
  }
  return unknown;
}

std::string unknown_operation_text(const UnknownOperation& operation) {
  const std::string key = fmt::format("{}.{}", kOperationsTable, operation.name);
  if (operation.nearest.empty()) {
    return fmt::format("{}: no server has registered this operation\n"
                       "  next: remove it, or copy the name from a report", key);
  }
  return fmt::format(
      "{}: no server has registered this operation, nearest known: {}\n"
      "  next: write {}.{}, or remove it",
      key, operation.nearest, kOperationsTable, operation.nearest);
}

}  // namespace ringside
