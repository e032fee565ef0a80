// What the server of one ring calls its users, rooms and addresses.
//
// While the ring is mapped its table is asked. When its server has gone, the labels that it had
// last are kept for as long as the snapshot still shows their ids.
#pragma once

#include <string>
#include <unordered_map>

#include "daemon/metrics/parties.h"
#include "report/model/snapshot.h"
#include "shm/segment.h"

namespace ringside {

class RingLabels {
 public:
  // Gives the party its label, if it has one. `segment` is null while no ring is mapped.
  void give(const Segment* segment, Party& party);
  // The ring is about to be unmapped.
  void keep(const Segment& segment);
  // Every party of a snapshot has been asked for. Forgets the labels that none of them needed.
  void forget_the_others();
  void forget_all() { kept_.clear(); }

 private:
  using Labels = std::unordered_map<PartyKey, std::string, PartyKeyHash>;
  Labels kept_;
  Labels needed_;
};

// Calls each(Party&, name of its ring) for every party of a snapshot.
template <typename Each>
void for_each_party(Snapshot& snapshot, const Each& each) {
  const auto records = [&](std::vector<RecordView>& list) {
    for (RecordView& record : list) {
      each(record.actor, record.ring);
      each(record.subject, record.ring);
    }
  };
  for (auto* list : {&snapshot.operations, &snapshot.events, &snapshot.categories}) {
    for (SeriesView& series : *list) records(series.last);
  }
  records(snapshot.all.last);
  records(snapshot.slowest);
  records(snapshot.slowest_since_start);
  for (ErrorStats& error : snapshot.errors) each(error.last_actor, error.ring);
  for (auto* list : {&snapshot.actors_by_errors, &snapshot.actors_by_time,
                     &snapshot.subjects_by_errors, &snapshot.subjects_by_time}) {
    for (TopEntry& entry : *list) each(entry.party, entry.ring);
  }
  for (BlockView& block : snapshot.blocks) each(block.address, block.ring);
}

}  // namespace ringside
