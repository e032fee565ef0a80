// The lock that tells whether its holder lives: every way in which a thread can end.
#include <doctest/doctest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <new>
#include <thread>

#include "shm/owner_lock.h"
#include "tests/support/replaced.h"
#include "tests/support/under.h"

using namespace ringside;
using namespace ringside::test;

namespace {

// A lock in memory that children share.
struct Shared {
  Shared()
      : memory(mmap(nullptr, sizeof(OwnerLock), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        lock(*static_cast<OwnerLock*>(memory)),
        marked(lock.make()) {}
  void* memory;   // stays mapped: a thread may hold the lock
  OwnerLock& lock;
  bool marked;
};

// What the word says when the child has ended as `end` ends it.
template <typename End>
Holder after(End end) {
  Shared shared;
  const pid_t child = spawn([&] {
    if (shared.lock.take() != Holder::none) return 1;
    end(shared.lock);
    return 0;
  });
  wait_for(child);
  return shared.lock.holder();
}

}  // namespace

TEST_CASE("OwnerLock: free, held and dead are one word, whatever else is in it") {
  CHECK(OwnerLock::holder_in(0) == Holder::none);
  CHECK(OwnerLock::holder_in(1) == Holder::alive);
  CHECK(OwnerLock::holder_in(0x3fffffff) == Holder::alive);
  CHECK(OwnerLock::holder_in(0x80000001) == Holder::alive);
  CHECK(OwnerLock::holder_in(0x80000000) == Holder::none);
  CHECK(OwnerLock::holder_in(0x40000000) == Holder::died);
  CHECK(OwnerLock::holder_in(0xc0000007) == Holder::died);
}

TEST_CASE("OwnerLock: it is taken once, given back, and taken again") {
  Shared shared;
  CHECK(shared.lock.holder() == Holder::none);
  CHECK(shared.lock.take() == Holder::none);
  CHECK(shared.lock.holder() == Holder::alive);
  CHECK(shared.lock.take() == Holder::alive);
  bool given = true;
  std::thread([&] {
    CHECK(shared.lock.take() == Holder::alive);
    given = shared.lock.give_back();
  }).join();
  // Without robust locks glibc does not know whose they are.
  if (shared.marked) CHECK_FALSE(given);
  if (!shared.marked) return;
  CHECK(shared.lock.holder() == Holder::alive);
  CHECK(shared.lock.give_back());
  CHECK(shared.lock.holder() == Holder::none);
  CHECK_FALSE(shared.lock.give_back());
  CHECK(shared.lock.take() == Holder::none);
  CHECK(shared.lock.give_back());
}

// qemu-user has no robust list: nobody marks the dead there.
TEST_CASE("OwnerLock: however its thread ends, the lock says so" * doctest::skip(kEmulated)) {
  CHECK(after([](OwnerLock&) { raise(SIGKILL); }) == Holder::died);
  CHECK(after([](OwnerLock&) { _exit(0); }) == Holder::died);
  CHECK(after([](OwnerLock&) {
          signal(SIGABRT, SIG_DFL);
          abort();
        }) == Holder::died);
  CHECK(after([](OwnerLock&) { execl("/bin/true", "true", nullptr); }) == Holder::died);
  CHECK(after([](OwnerLock& lock) { lock.give_back(); }) == Holder::none);
  Shared shared;
  std::thread([&] { shared.lock.take(); }).join();
  CHECK(shared.lock.holder() == Holder::died);
  // A thread that ends below the C library, too. AddressSanitizer does not survive that.
  if (kSanitized) return;
  Shared bare;
  pthread_t thread;
  const auto body = [](void* lock) -> void* {
    static_cast<OwnerLock*>(lock)->take();
    syscall(SYS_exit, 0);
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, nullptr, body, &bare.lock) == 0);
  pthread_join(thread, nullptr);
  CHECK(bare.lock.holder() == Holder::died);
}

TEST_CASE("OwnerLock: an exec marks it while the process goes on under its pid" *
          doctest::skip(kEmulated)) {
  Shared shared;
  const Replaced child(CallsExec::first_thread, [&] { shared.lock.take(); });
  CHECK(shared.lock.holder() == Holder::died);
}

TEST_CASE("OwnerLock: neither a child nor closed descriptors let go of it") {
  Shared shared;
  CHECK(run([&] {
          shared.lock.take();
          if (!run([&] { return shared.lock.holder() == Holder::alive ? 0 : 1; }).exited(0))
            return 1;
          if (shared.lock.holder() != Holder::alive) return 2;
          for (int fd = 0; fd < 1024; ++fd) close(fd);
          return shared.lock.holder() == Holder::alive ? 0 : 3;
        }).exited(0));
}

TEST_CASE("OwnerLock: who takes it from the dead holds it as anybody, and may die in turn" *
          doctest::skip(kEmulated)) {
  Shared shared;
  for (int round = 0; round < 3; ++round) {
    std::thread([&] { CHECK(shared.lock.take() == (round == 0 ? Holder::none : Holder::died)); })
        .join();
    CHECK(shared.lock.holder() == Holder::died);
  }
  CHECK(shared.lock.take() == Holder::died);
  CHECK(shared.lock.give_back());
  CHECK(shared.lock.take() == Holder::none);
  CHECK(shared.lock.give_back());
}

TEST_CASE("OwnerLock: bytes that make() did not make are never locked") {
  Shared shared;
  for (int bit = 0; bit < 32; ++bit) {
    CAPTURE(bit);
    // Where glibc keeps the kind of a mutex on 64-bit machines.
    shared.lock.rest[3] ^= 1U << bit;
    const Holder got = shared.lock.take();
    CHECK(shared.lock.word.load() == 0);
    CHECK(got == Holder::alive);
    shared.lock.rest[3] ^= 1U << bit;
  }
  CHECK(shared.lock.take() == Holder::none);
  CHECK(shared.lock.give_back());
}

TEST_CASE("OwnerLock: a living holder is waited for as long as asked, a dead one is not") {
  Shared shared;
  CHECK(shared.lock.take() == Holder::none);
  const auto begin = std::chrono::steady_clock::now();
  std::thread([&] { CHECK(shared.lock.take_within(3) == Holder::alive); }).join();
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(3));
  std::thread other([&] {
    const Holder got = shared.lock.take_within(10'000);
    CHECK(got == Holder::none);
    shared.lock.give_back();
  });
  CHECK(shared.lock.give_back());
  other.join();
}

TEST_CASE("OwnerLock: who waits is not cancelled there") {
  Shared shared;
  CHECK(shared.lock.take() == Holder::none);
  std::atomic<bool> returned{false};
  std::thread waiter([&] {
    pthread_cancel(pthread_self());
    shared.lock.take_within(3);
    returned.store(true);
  });
  waiter.join();
  CHECK(returned.load());
  CHECK(shared.lock.give_back());
}
