// What is saved of a ring, so that the next daemon continues from it: which ring it was, how far
// each lane was read, and everything that was counted.
#include "daemon/rings/ring_follower.h"
#include "shm/assert.h"

namespace ringside {

void RingFollower::encode(Encoder& out, const Instant& now) {
  for (const std::uint64_t word : instance_) out.u64(word);
  out.u64(inode_);
  out.u64(known_.size());
  for (const RingInstance& instance : known_) {
    for (const std::uint64_t word : instance) out.u64(word);
  }
  out.u64(instance_number_);
  out.flag(finished_);
  out.u64(crashes_);
  out.u64(restarts_);
  out.u64(missed_);
  out.u64(lost_before_attach_);
  processes_.encode(out);
  for (const std::uint64_t n :
       {retired_.written, retired_.read, retired_.lost, retired_.torn, retired_.rejected}) {
    out.u64(n);
  }
  lanes_.encode(out);
  metrics_.encode(out, now.realtime_ns - now.monotonic_ns);
}

void RingFollower::decode(Decoder& in, const Instant& now, std::int64_t slice_shift) {
  // Only a follower that has read nothing takes a state over.
  RINGSIDE_ASSERT(segment_ == nullptr && instance_number_ == 0);
  for (std::uint64_t& word : instance_) word = in.u64();
  inode_ = in.u64();
  known_.resize(in.count(2, kMostKnown));
  for (RingInstance& instance : known_) {
    for (std::uint64_t& word : instance) word = in.u64();
  }
  instance_number_ = static_cast<std::uint32_t>(in.u64());
  finished_ = in.flag();
  crashes_ = in.u64();
  restarts_ = in.u64();
  missed_ = in.u64();
  lost_before_attach_ = in.u64();
  processes_.decode(in);
  for (std::uint64_t* n :
       {&retired_.written, &retired_.read, &retired_.lost, &retired_.torn, &retired_.rejected}) {
    *n = in.u64();
  }
  if (!retired_.balance() || retired_.rejected > retired_.read) in.fail();
  lanes_.decode(in);
  metrics_.decode(in, slice_of(now.monotonic_ns), slice_shift);
  saved_ = in.good() && instance_number_ > 0 && !finished_;
  restored_ = true;
}

}  // namespace ringside
