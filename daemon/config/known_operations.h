// Thresholds for operations that nobody knows: most likely a name that is misspelt, and then the
// threshold never holds.
#pragma once

#include <string>
#include <vector>

#include "report/model/thresholds.h"

namespace ringside {

struct UnknownOperation {
  std::string name;
  std::string nearest;   // that is registered; empty when none is near enough to be meant

  friend bool operator==(const UnknownOperation&, const UnknownOperation&) = default;
};

// The operations that have thresholds of their own and that no server has registered. Shipped
// defaults are left out: not every server is a chat server. Empty while nothing is registered, for
// then there is nothing to compare with. Servers register their operations when they start, so this
// is to be asked once a server has run for a while, and said once.
std::vector<UnknownOperation> unknown_operations(const Thresholds& thresholds,
                                                 const std::vector<std::string>& registered);

// "thresholds.operations.SEND_MESAGE: no server has registered this operation, nearest known:
// SEND_MESSAGE\n  next: ..."
std::string unknown_operation_text(const UnknownOperation& operation);

}  // namespace ringside
