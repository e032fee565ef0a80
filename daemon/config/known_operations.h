// Finds thresholds for operations that no server has registered. Most likely such a name is
// misspelt, and then its threshold is never applied.
#pragma once

#include <string>
#include <vector>

#include "report/model/thresholds.h"

namespace ringside {

struct UnknownOperation {
  std::string name;
  std::string nearest;   // a registered name; empty when none is near enough to be meant

  friend bool operator==(const UnknownOperation&, const UnknownOperation&) = default;
};

// The operations that have their own thresholds and that no server has registered. Shipped defaults
// are left out: not every server is a chat server. The result is empty while nothing is registered,
// because then there is nothing to compare with. Servers register their operations when they start,
// so ask once a server has run for a while, and report the result once.
std::vector<UnknownOperation> unknown_operations(const Thresholds& thresholds,
                                                 const std::vector<std::string>& registered);

// "thresholds.operations.SEND_MESSAGES: no server has registered this operation, nearest known:
// SEND_MESSAGE\n  next: ..."
std::string unknown_operation_text(const UnknownOperation& operation);

}  // namespace ringside
