// What a server says of its operations, on its way from the ring to the snapshot.
#include <doctest/doctest.h>

#include <string>

#include "daemon/metrics/ring_metrics.h"

using namespace ringside;

namespace {

constexpr std::int64_t kDeclaredAt = 1'000'000'000'000;
const TickScale kDeclaredClock(ClockKind::monotonic, 0, 0, 0);

}  // namespace

TEST_CASE("Declared: what a server declares is shown within bounds, and outlives a restart") {
  RingMetrics first({5, 5});
  first.set_time(kDeclaredClock, kDeclaredAt, 1);
  const auto declared = [&](RingMetrics& metrics, std::uint64_t threshold_ns, bool waits) {
    metrics.set_name(0, {"POLL", "", {}, waits, threshold_ns});
    Snapshot shown;
    metrics.show("r", RingMetrics::LivingById(kIdCount), {kDeclaredAt, 0, 0, 0}, shown);
    return shown.operations.at(0).declared;
  };
  CHECK(declared(first, 0, false) == Declared{});
  CHECK(declared(first, 250'000'000, true) == Declared{250'000'000, true});
  CHECK(declared(first, 1, false) == Declared{1'000, false});
  CHECK(declared(first, ~std::uint64_t{0}, false) == Declared{3'600'000'000'000, false});
  CHECK(declared(first, 7'000, true) == Declared{7'000, true});
  Encoder out;
  first.encode(out, 0);
  const std::string bytes = out.take();
  RingMetrics again({5, 5});
  Decoder in(bytes);
  again.decode(in, slice_of(kDeclaredAt), 0);
  CHECK(in.at_end());
  again.set_time(kDeclaredClock, kDeclaredAt, 1);
  Snapshot shown;
  again.show("r", RingMetrics::LivingById(kIdCount), {kDeclaredAt, 0, 0, 0}, shown);
  CHECK(shown.operations.at(0).declared == Declared{7'000, true});
}
