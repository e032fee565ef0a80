#include "shm/mapping.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

namespace ringside {

// What the signal handler reads. Written before a mapping is handed out, cleared before it is
// unmapped.
struct MappingGuard {
  static constexpr int kSlots = 256;
  struct Entry {
    std::atomic<std::uintptr_t> begin{0};
    std::atomic<std::uintptr_t> end{};
    std::atomic<Mapping*> mapping{nullptr};
  };
  static Entry entries[kSlots];
  static struct sigaction previous;
  static std::mutex mutex;
  // The size of the system's pages, which on Arm may be larger than the layout's. Only a whole page
  // can be replaced.
  static std::uintptr_t page_bytes;

  static void handle(int signal, siginfo_t* info, void* context) {
    const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
    for (Entry& entry : entries) {
      const std::uintptr_t begin = entry.begin.load(std::memory_order_acquire);
      if (begin == 0 || address < begin || address >= entry.end.load(std::memory_order_relaxed))
        continue;
      const int saved = errno;
      void* at = reinterpret_cast<void*>(address & ~(page_bytes - 1));
      void* got = mmap(at, page_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      errno = saved;
      if (got == at) {
        entry.mapping.load(std::memory_order_relaxed)
            ->broken_.store(true, std::memory_order_relaxed);
        return;
      }
      break;
    }
    // The two kinds of handler stand in one place. SIG_DFL and SIG_IGN may come with any flags.
    if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
      // Restore the default and return: the access repeats and ends the process as it would have
      // without us.
      ::signal(SIGBUS, SIG_DFL);
    } else if ((previous.sa_flags & SA_SIGINFO) != 0) {
      previous.sa_sigaction(signal, info, context);
    } else {
      previous.sa_handler(signal);
    }
  }

  static int enter(Mapping* mapping) {
    const std::lock_guard lock(mutex);
    static std::once_flag installed;
    std::call_once(installed, [] {
      page_bytes = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
      struct sigaction action {};   // blocks no other signal
      action.sa_sigaction = &MappingGuard::handle;
      action.sa_flags = SA_SIGINFO;
      sigaction(SIGBUS, &action, &previous);
    });
    for (int slot = 0; slot < kSlots; ++slot) {
      Entry& entry = entries[slot];
      if (entry.begin.load(std::memory_order_relaxed) != 0) continue;
      const auto begin = reinterpret_cast<std::uintptr_t>(mapping->data_);
      entry.mapping.store(mapping, std::memory_order_relaxed);
      entry.end.store(begin + mapping->bytes_, std::memory_order_relaxed);
      entry.begin.store(begin, std::memory_order_release);
      return slot;
    }
    return -1;
  }

  static void leave(int slot) {
    const std::lock_guard lock(mutex);
    entries[slot].begin.store(0, std::memory_order_release);
  }
};

MappingGuard::Entry MappingGuard::entries[MappingGuard::kSlots];
struct sigaction MappingGuard::previous;
std::mutex MappingGuard::mutex;
std::uintptr_t MappingGuard::page_bytes;

// Plain mmap, not Boost.Interprocess: a server that links this library needs a compiler and nothing
// else.
bool Mapping::get(int fd, std::uint64_t bytes, int protection, int flags) {
  void* at = mmap(nullptr, static_cast<std::size_t>(bytes), protection, flags, fd, 0);
  if (at == MAP_FAILED) return false;
  data_ = static_cast<unsigned char*>(at);
  bytes_ = bytes;
  return true;
}

std::unique_ptr<Mapping> Mapping::map(int fd, std::uint64_t bytes, bool writable,
                                      const std::string& path, Failure* failure) {
  std::unique_ptr<Mapping> mapping(new Mapping);
  if (!mapping->get(fd, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED)) {
    *failure = system_failure(path, "can't map", errno);
    return nullptr;
  }
  // A writer needs no guard: its pages are allocated before they are touched. And a server's signal
  // handlers are its own.
  if (!writable) {
    mapping->guard_slot_ = MappingGuard::enter(mapping.get());
    if (mapping->guard_slot_ < 0) {
      *failure = {0, path + ": too many mappings in this process (" +
                         std::to_string(MappingGuard::kSlots) + ")"};
      return nullptr;
    }
  }
  return mapping;
}

std::unique_ptr<Mapping> Mapping::memory(std::uint64_t bytes) {
  std::unique_ptr<Mapping> mapping(new Mapping);
  if (!mapping->get(-1, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE))
    return nullptr;
  return mapping;
}

std::unique_ptr<Mapping> Mapping::of(unsigned char* data, std::uint64_t bytes) {
  std::unique_ptr<Mapping> mapping(new Mapping);
  mapping->data_ = data;
  mapping->bytes_ = bytes;
  mapping->unmaps_ = false;
  return mapping;
}

bool Mapping::part(std::uint64_t bytes) {
  const auto all = static_cast<std::size_t>(bytes_);
  void* own = mmap(nullptr, all, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (own == MAP_FAILED) return false;
  std::memcpy(own, data_, static_cast<std::size_t>(bytes));
  if (mremap(own, all, all, MREMAP_MAYMOVE | MREMAP_FIXED, data_) == data_) return true;
  munmap(own, all);
  return false;
}

void Mapping::keep(std::unique_ptr<Mapping> mapping) {
  static std::atomic<Mapping*> kept{nullptr};
  Mapping* one = mapping.release();
  one->next_kept_ = kept.load(std::memory_order_relaxed);
  while (!kept.compare_exchange_weak(one->next_kept_, one, std::memory_order_release,
                                     std::memory_order_relaxed)) {
  }
}

Mapping::~Mapping() {
  if (guard_slot_ >= 0) MappingGuard::leave(guard_slot_);
  if (data_ != nullptr && unmaps_) munmap(data_, static_cast<std::size_t>(bytes_));
}

}  // namespace ringside
