// Who of a ring's processes has died, and who has become another program by exec.
//
// The ring's table counts its dead and keeps each one's pid until another process takes the entry.
// Two looks at the table tell who died in between. The kernel marks a process's locks when it calls
// exec, as if it had died. A process that lives all the same has not died: it is the one that comes
// back under its pid and start time, or one of which no thread traces.
//
//   of those who entered      holds a lock   /proc shows it   or it stands in the table again
//   alive                     yes
//   left                      said so itself
//   restarted                 no             yes              yes
//   died                      no             no               no
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/storage/codec.h"
#include "report/model/rings.h"
#include "shm/processes.h"
#include "shm/segment.h"

namespace ringside {

class RingProcesses {
 public:
  // Another ring is looked at from now on. `resumed`: the one whose state was taken over.
  void begin(bool resumed);
  void look(const Segment& segment, const SegmentFacts& facts);
  // The ring is over.
  void end();
  // Whether the ring's server is one that ended the ring before by exec. It did not die then.
  bool restarted_into(const Segment& segment, const SegmentFacts& facts);

  // As of the last look. Whether anybody holds a lock of the ring:
  Liveness any() const { return any_; }
  // A process that lives and holds none; 0 when there is no such process.
  std::uint32_t lives_on() const { return lives_on_; }
  // "its server (pid 17)", whom that is to be told.
  std::string server() const;
  // True when a living process stands in a pid namespace other than ours.
  bool elsewhere() const { return elsewhere_; }

  void show(RingView& view) const;
  void encode(Encoder& out) const;
  void decode(Decoder& in);

 private:
  struct Told {
    std::uint32_t entered = 0;   // the number that the dead process had in its entry
    std::uint64_t death = 0;     // ProcessDeath::number; 0: no death
  };
  struct Ended {
    ProcessLook process;
    std::uint64_t death = 0;
  };

  std::uint64_t tell_death(std::uint32_t pid);
  void tell_deaths(std::uint64_t count);
  void look_at_places(const ProcessesLook& look, std::vector<std::uint32_t>& gone);

  ProcessCounts counts_;              // died and restarted are those that were told
  Liveness any_ = Liveness::alive;
  std::uint32_t lives_on_ = 0;
  std::uint64_t apart_ = 0;           // processes that live and hold nothing
  std::uint32_t living_pid_ = 0;
  bool elsewhere_ = false;
  bool resumed_ = false;              // the dead of before may have been told
  std::vector<ProcessLook> known_;    // who lived at the last look, those apart included
  std::vector<ProcessLook> last_;     // who stood in the table at it, dead or alive
  std::map<std::uint32_t, Told> told_;   // by index in the table
  std::vector<Ended> ended_;          // who stood there at the end of the ring before
  std::vector<ProcessDeath> deaths_;  // the latest
  std::uint64_t deaths_seen_ = 0;
};

}  // namespace ringside
