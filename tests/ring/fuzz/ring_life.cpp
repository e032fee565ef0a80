#include "tests/ring/fuzz/ring_life.h"

namespace ringside::fuzz {

std::optional<ReaderStep> RingLife::next() {
  while (left_ > 0 && !in_.empty()) {
    --left_;
    const auto what = static_cast<Step>(in_.take<std::uint8_t>() % kSteps);
    switch (what) {
      case kPass:
      case kTick: return ReaderStep{what, steps_.pass_time(in_)};
      case kSaveRestore: return ReaderStep{what, in_.take<std::uint8_t>()};
      default: steps_.step(what, in_);
    }
  }
  return std::nullopt;
}

}  // namespace ringside::fuzz

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  ringside::fuzz::Pair::make_all();
  return 0;
}
