// A lock in shared memory that tells whether its holder still lives.
//
// It is a robust, process-shared mutex of glibc. A thread locks it and keeps it. When the thread
// ends in any way (kill, exec, exit), the kernel sets a bit in the lock's first word, at that very
// moment. So a reader asks one word, and needs no /proc, no pid and no descriptor. Pids lie across
// exec and across namespaces.
//
//   word                  meaning
//   0                     nobody holds it
//   tid (low 30 bits)     that thread holds it; a number in its own pid namespace
//   bit 30 (0x40000000)   its holder ended without giving it back
//   bit 31                somebody waits; no waiter of ours sets it
//
// The kernel and glibc keep list pointers of the holder's process in the other bytes. So whoever
// may write a ring may harm its writers. Only the server's user may.
//
//   O1  The memory stays mapped while a thread holds a lock in it.
//   O2  Only the thread that took a lock gives it back.
//   O3  A held lock is never tried. Two threads of different pid namespaces may have the same tid.
//       If one died while it tried the other's lock, the kernel would mark a living holder.
//   O4  A signal handler that has interrupted one of these calls gets no lock and gives none back:
//       the thread's list of locks is half changed. When the thread ends, the kernel marks them.
#pragma once

#include <atomic>
#include <cstdint>

namespace ringside {

enum class Holder : std::uint8_t { none, alive, died };

struct alignas(8) OwnerLock {
  std::atomic<std::uint32_t> word;
  std::uint32_t rest[11];  // glibc's; 40 bytes on x86-64, 48 on 64-bit Arm

  // Makes the lock, free. For whoever creates the memory, before others can see it. False where
  // the kernel does not mark the dead (qemu-user): then a lock whose holder died stays held.
  bool make();

  // ORDER owner: who sees `died` or `none` sees all that the holder stored.
  Holder holder() const { return holder_in(word.load(std::memory_order_acquire)); }

  // What the caller has stored so far is seen by whoever sees that a thread has taken the lock
  // after this call. To take it brings nothing but what its last holder stored.
  void take_along() { word.fetch_or(0, std::memory_order_release); }

  static constexpr std::uint32_t kDiedBit = 0x40000000;
  static constexpr std::uint32_t kTidMask = 0x3fffffff;
  static constexpr Holder holder_in(std::uint32_t word) {
    if ((word & kDiedBit) != 0) return Holder::died;
    return (word & kTidMask) != 0 ? Holder::alive : Holder::none;
  }

  // Takes it for the calling thread if nobody alive holds it. Never waits. The answer is what the
  // holder before was, or `alive` when the lock was not to be had.
  Holder take();
  // The same, but waits for a living holder, `wait_ms` at most.
  Holder take_within(unsigned wait_ms);
  // False when the calling thread does not hold it, or may not give it back now (O4).
  bool give_back();
  // In a forked child. The call that a handler has interrupted was its parent's.
  static void forget_calls();
};
static_assert(sizeof(OwnerLock) == 48);

}  // namespace ringside
