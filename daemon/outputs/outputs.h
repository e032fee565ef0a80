// What the drain thread hands over to be written. Nothing here waits.
#pragma once

#include <memory>

#include "daemon/storage/state_file.h"
#include "report/model/snapshot.h"

namespace ringside {

class Outputs {
 public:
  virtual ~Outputs() = default;

  // False, and nothing taken, while two reports still wait to be written: a disk that hangs must
  // not fill the memory.
  virtual bool write_report(std::shared_ptr<const Snapshot> snapshot) = 0;
  // Likewise, while the state before it waits.
  virtual bool save_state(SavedState state) = 0;
  // The last state that was to be written could not be.
  virtual bool state_failed() const = 0;
};

}  // namespace ringside
