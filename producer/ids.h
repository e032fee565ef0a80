// The ids by which code names operations and events.
#pragma once

#include <cstdint>

#include "shm/layout.h"

namespace ringside {

struct OperationId {
  std::uint16_t value = kInvalidId;
};
struct EventId {
  std::uint16_t value = kInvalidId;
};

}  // namespace ringside
