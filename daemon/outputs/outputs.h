// Takes what the drain thread wants written. Nothing here waits.
#pragma once

#include <memory>

#include "daemon/storage/state_file.h"
#include "report/model/snapshot.h"

namespace ringside {

class Outputs {
 public:
  virtual ~Outputs() = default;

  // False, and nothing is taken, while two reports still wait to be written: a disk that hangs must
  // not fill the memory.
  virtual bool write_report(std::shared_ptr<const Snapshot> snapshot) = 0;
  // The same, while the state before it still waits.
  virtual bool save_state(SavedState state) = 0;
  // Whether the last state could not be written.
  virtual bool state_failed() const = 0;
};

}  // namespace ringside
