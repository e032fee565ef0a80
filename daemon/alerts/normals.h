// What is normal: how slow an operation usually is, and how many calls there usually are. Learnt at
// each tick from calm time, and judged by rules_normals.cpp.
//
//   usual p95    from windows of five minutes, or of an hour where five minutes have few calls
//   usual rate   an average that forgets within ten minutes, and the highest that it has ever been
//
// Nothing is learnt from trouble: not while an alert of the ring (or of the host) is active, and
// not from a window that reaches back into such a time. What lasts too long is no trouble any more
// but the new normal: after a day for latency, after two hours for traffic.
//
// Deterministic, as the engine is: a snapshot and observed time go in. Part of the engine's state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/storage/codec.h"
#include "report/model/snapshot.h"

namespace ringside {

// The figure of what is said about the rate of calls.
inline constexpr const char* kTrafficFigure = "traffic";

// Calls per second. Of one operation, or of all of a ring together.
struct UsualRate {
  double recent = 0;
  double highest = 0;          // of `recent`; halves within a week
  std::int64_t learnt_ns = 0;  // how long it was learnt, since the last gap
  friend bool operator==(const UsualRate&, const UsualRate&) = default;

  // False for ten minutes after the start and after each gap.
  bool known() const;
};

struct OperationNormal {
  double p95_ns = 0;
  std::uint64_t lessons = 0;   // that p95_ns comes from
  std::int64_t taught_ns = 0;  // the last one, in observed time
  UsualRate calls;
  friend bool operator==(const OperationNormal&, const OperationNormal&) = default;

  // Three lessons: at least a quarter of an hour and 300 calls.
  bool knows_latency() const;
};

struct RingNormal {
  // The server that is there, and since when in observed time.
  std::string instance;
  std::int64_t instance_since_ns = 0;
  std::optional<std::int64_t> trouble_since_ns;
  std::int64_t calm_since_ns = 0;  // observed; meaningless while there is trouble
  std::int64_t seen_ns = 0;        // observed
  std::int64_t seen_wall_ns = 0;
  UsualRate calls;
  std::map<std::string, OperationNormal> operations;
  friend bool operator==(const RingNormal&, const RingNormal&) = default;

  bool troubled_for(std::int64_t span_ns) const {
    return trouble_since_ns && seen_ns - *trouble_since_ns >= span_ns;
  }
};

// What is wrong with a ring at a tick.
enum class Trouble : std::uint8_t {
  none,
  more_traffic,  // more calls than usual, and nothing else
  some
};

class Normals {
 public:
  // Takes in one tick. Observed time stands still while the daemon does not run.
  void learn(const Snapshot& snapshot, std::int64_t observed_ns,
             const std::function<Trouble(const std::string& ring)>& trouble_of);

  const std::map<std::string, RingNormal>& rings() const { return rings_; }
  // Null: nothing is known.
  const RingNormal* ring(const std::string& name) const;
  const OperationNormal* operation(const std::string& ring, const std::string& name) const;

  // A server that has just started is not judged: its clients are still coming back.
  static bool settled(const RingNormal& ring);

  void encode(Encoder& out) const;
  // Leaves the decoder failed when the bytes are not such a state.
  void decode(Decoder& in);

  friend bool operator==(const Normals&, const Normals&) = default;

 private:
  static void learn_ring(RingNormal& normal, const std::vector<const SeriesView*>& operations,
                         Trouble trouble, std::int64_t step_ns);

  std::map<std::string, RingNormal> rings_;
};

// More are not learnt, and a state that has more is refused.
inline constexpr std::size_t kMostRingNormals = 256;
inline constexpr std::size_t kMostOperationNormals = 1024;  // of one ring

}  // namespace ringside
