// Fuzz target: the lanes of a ring that lives (ring_life.h) are drained into the metrics and
// settled, their books are saved and taken back, and at the ring's end they are closed (RingLanes,
// LaneBooks, RingMetrics). Which ring is read when, and who lives, is ring_follower's.
#include "daemon/metrics/ring_metrics.h"
#include "daemon/rings/ring_lanes.h"
#include "shm/names.h"
#include "tests/ring/fuzz/ring_life.h"

using namespace ringside;
using namespace ringside::fuzz;

namespace {

// Short inputs, and many. ring_follower and followed_ring have the long ones.
constexpr int kMostSteps = 6;

class Drained {
 public:
  Drained() { renew_metrics(); }

  // A ring that takes the name is read from its beginning. The one before is over.
  void pass(const SpoiltRing& ring, const Instant& now) {
    if (ring_ != &ring) begin(ring, now);
    if (segment_ == nullptr) return;
    scale_.sync(now);
    if (!scale_.known()) return;
    metrics_->set_time(scale_, now.monotonic_ns, number_);
    lanes_.drain(*segment_, *metrics_);
    require_sound();
  }
  void tick(const SpoiltRing& ring, const Instant& now) {
    pass(ring, now);
    if (segment_ == nullptr || !scale_.known()) return;
    lanes_.settle(*segment_, Writers::at_work, *metrics_);
    require_sound();
  }
  void save_and_restore(const Instant& now) {
    if (segment_ == nullptr || !scale_.known()) return;
    Encoder out;
    lanes_.encode(out);
    metrics_->encode(out, now.realtime_ns - now.monotonic_ns);
    const std::string saved = out.take();
    renew_metrics();
    Decoder in(saved);
    lanes_.decode(in);
    metrics_->decode(in, slice_of(now.monotonic_ns), 0);
    FUZZ_REQUIRE(in.at_end());  // the daemon takes back what it saves
    metrics_->observe_from(metrics_->observed().until_ns());
    metrics_->set_time(scale_, now.monotonic_ns, number_);
    require_sound();
  }
  void end(const Instant& now) {
    if (segment_ == nullptr || !scale_.known()) return;
    metrics_->set_time(scale_, now.monotonic_ns, number_);
    lanes_.drain(*segment_, *metrics_);
    lanes_.close(*segment_, number_ % 2 != 0, *metrics_);
    require_sound();
    metrics_->retire(lanes_.living());
    metrics_->end_clock(now.realtime_ns - now.monotonic_ns);
    segment_.reset();
  }

 private:
  void renew_metrics() {
    metrics_ = std::make_unique<RingMetrics>(RingMetricsOptions{5, 3});
    metrics_->ask_names_of([this](std::uint16_t id) {
      NameEntry name;
      if (read_name(*segment_, id, &name)) metrics_->set_name(id, name);
    });
  }
  void begin(const SpoiltRing& ring, const Instant& now) {
    end(now);
    ring_ = &ring;
    const MemoryFile file = ring.file();
    Failure failure;
    segment_ = open_segment_in(file.bytes, file.count, kWatchedPath, file.inode, &facts_, &failure);
    if (segment_ == nullptr) return;
    ++number_;
    last_ = {};
    scale_ = scale_of(&facts_, now);
    lanes_.reset(std::size_t{facts_.geometry.lane_count} + 1);
    const std::int64_t since = lanes_.complete_since(*segment_, scale_).value_or(now.monotonic_ns);
    metrics_->observe_from(std::min(since, now.monotonic_ns));
    metrics_->count_skipped_since(now.monotonic_ns);
    metrics_->forget_names();
  }
  void require_sound() {
    const Books books = lanes_.books(segment_.get());
    FUZZ_REQUIRE(books.balance());
    // Under a head that lies the lost count may wrap around 64 bits. Read records were really
    // there.
    FUZZ_REQUIRE(books.read >= last_.read && books.rejected >= last_.rejected);
    FUZZ_REQUIRE(books.rejected <= books.read);
    last_ = books;
  }

  const SpoiltRing* ring_ = nullptr;
  std::unique_ptr<Segment> segment_;
  SegmentFacts facts_;
  TickScale scale_;
  std::uint32_t number_ = 0;
  RingLanes lanes_;
  std::unique_ptr<RingMetrics> metrics_;
  Books last_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  RingLife life(data, size, kMostSteps);
  Drained drained;
  while (const auto step = life.next()) {
    switch (step->what) {
      case kPass: drained.pass(life.ring(), life.now()); break;
      case kTick: drained.tick(life.ring(), life.now()); break;
      default: drained.save_and_restore(life.now()); break;
    }
  }
  drained.pass(life.ring(), life.now());
  drained.end(life.now());
  return 0;
}
