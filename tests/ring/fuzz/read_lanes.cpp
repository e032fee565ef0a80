// Fuzz target: the lanes of a ring that lives (ring_life.h) are read by bare readers
// (lane_reader.h), without anything that counts.
#include "tests/ring/fuzz/ring_life.h"

using namespace ringside::fuzz;

namespace {

constexpr int kMostSteps = 24;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  RingLife life(data, size, kMostSteps);
  // What is read is a step of the ring. Here it only gets later.
  while (life.next()) {}
  life.read_all_bare();
  return 0;
}
