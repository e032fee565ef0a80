// Fuzz target: the life of a ring (ring_life.h) is followed (RingFollower: which ring is read, who
// lives, the drain, what is saved). Nothing is shown: followed_ring does that, and takes longer.
#include "daemon/rings/ring_follower.h"
#include "tests/ring/fuzz/ring_life.h"

using namespace ringside;
using namespace ringside::fuzz;

namespace {

// Short inputs, and many. followed_ring has the long ones.
constexpr int kMostSteps = 10;

class Followed {
 public:
  Followed() { follower_ = make(); }

  // As a Watch does in a pass.
  void pass(const Instant& now) {
    follower_->check(now, 0);
    follower_->drain(now);
    require_sound();
  }
  void save_and_restore(const Instant& now) {
    Encoder out;
    follower_->encode(out, now);
    const std::string saved = out.take();
    auto next = make();
    Decoder in(saved);
    next->decode(in, now, 0);
    FUZZ_REQUIRE(in.at_end());  // the daemon takes back what it saves
    follower_ = std::move(next);
    require_sound();
  }

 private:
  static std::unique_ptr<RingFollower> make() {
    return std::make_unique<RingFollower>(RingName{"watched", kWatchedPath, {}},
                                          RingOptions{{5, 3}, true, true});
  }
  void require_sound() {
    const Books books = follower_->books();
    FUZZ_REQUIRE(books.balance());
    // Under a head that lies the lost count may wrap around 64 bits. Read records were really
    // there.
    FUZZ_REQUIRE(books.read >= last_.read && books.rejected >= last_.rejected);
    FUZZ_REQUIRE(books.rejected <= books.read);
    last_ = books;
  }

  std::unique_ptr<RingFollower> follower_;
  Books last_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  RingLife life(data, size, kMostSteps);
  Followed followed;
  while (const auto step = life.next()) {
    if (step->what == kSaveRestore) {
      followed.save_and_restore(life.now());
    } else {
      followed.pass(life.now());
    }
  }
  followed.pass(life.now());
  return 0;
}
