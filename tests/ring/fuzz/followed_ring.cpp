// Fuzz target: the life of a ring (ring_life.h) is read by all of a daemon's core (Watch: ticks,
// windows, top lists, state). With bit 7 the reports are made, too.
#include "daemon/rings/watch.h"
#include "tests/ring/fuzz/ring_life.h"
#include "tests/ring/fuzz/snapshot_facts.h"

using namespace ringside;
using namespace ringside::fuzz;

namespace {

constexpr int kMostSteps = 48;
// A tick sums up every series over every window.
constexpr int kMostTicks = 4;

class Watched {
 public:
  Watched() { watch_ = std::make_unique<Watch>(options_); }

  void pass(const Instant& now) { watch_->pass(now); }
  void tick_if_few(const Instant& now) {
    if (++ticks_ < kMostTicks) tick(now);
  }
  Snapshot tick(const Instant& now) {
    Snapshot snapshot = watch_->tick(now);
    require_sound(snapshot, options_);
    require_complete(snapshot);
    // Under a head that lies the lost count may wrap around 64 bits. Read records were really
    // there.
    FUZZ_REQUIRE(snapshot.books.read >= last_.read && snapshot.books.rejected >= last_.rejected);
    last_ = snapshot.books;
    return snapshot;
  }
  void save_and_restore(const Instant& now) {
    const std::string saved = watch_->encode(now);
    auto next = std::make_unique<Watch>(options_);
    std::string why;
    FUZZ_REQUIRE(next->decode(saved, now, &why));  // the daemon takes back what it saves
    watch_ = std::move(next);
  }

 private:
  const WatchOptions options_{{kWatchedPath}, 5, 3, true};
  std::unique_ptr<Watch> watch_;
  Books last_;
  int ticks_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  RingLife life(data, size, kMostSteps);
  Watched watched;
  while (const auto step = life.next()) {
    switch (step->what) {
      case kPass: watched.pass(life.now()); break;
      case kTick: watched.tick_if_few(life.now()); break;
      default:
        watched.save_and_restore(life.now());
        if ((step->argument & 1) != 0) watched.tick_if_few(life.now());
        break;
    }
  }
  const Snapshot snapshot = watched.tick(life.now());
  if (life.bit_7()) require_shown(snapshot);
  return 0;
}
