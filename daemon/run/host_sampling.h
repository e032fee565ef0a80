// Reads /proc at each tick and puts the figures into the snapshot.
#pragma once

#include "daemon/host/system_sampler.h"
#include "daemon/rings/watch.h"
#include "report/model/snapshot.h"

namespace ringside {

class HostSampling {
 public:
  // The servers behind live rings, the host, and this daemon.
  void sample(const Watch& watch, const Instant& now);
  // Fills in which processes have been stopped.
  void fill_in(Pulse& pulse, const Watch& watch) const;
  // The latest sample. It can be used any number of times.
  void fill_in(Snapshot& snapshot) const;

 private:
  SystemSampler sampler_;
  SystemSampler::Sample sample_;
};

}  // namespace ringside
