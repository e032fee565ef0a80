#include "shm/mapping.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/interprocess/detail/os_file_functions.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cerrno>
#include <cstring>
#include <mutex>

namespace ringside {

namespace ipc = boost::interprocess;

namespace {

// mapped_region asks for a handle. Ours is an open descriptor, so the file that was checked is the
// file that is mapped.
class OpenFile {
 public:
  OpenFile(int fd, ipc::mode_t mode) : fd_(fd), mode_(mode) {}
  ipc::mapping_handle_t get_mapping_handle() const {
    return ipc::ipcdetail::mapping_handle_from_file_handle(fd_);
  }
  ipc::mode_t get_mode() const { return mode_; }

 private:
  int fd_;
  ipc::mode_t mode_;
};

}  // namespace

struct Mapping::Region {
  ipc::mapped_region region;
};

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

std::unique_ptr<Mapping> Mapping::map(int fd, std::uint64_t bytes, bool writable,
                                      const std::string& path, Failure* failure) {
  std::unique_ptr<Mapping> mapping(new Mapping);
  try {
    const ipc::mode_t mode = writable ? ipc::read_write : ipc::read_only;
    mapping->region_ = std::make_unique<Region>();
    mapping->region_->region =
        ipc::mapped_region(OpenFile(fd, mode), mode, 0, static_cast<std::size_t>(bytes));
  } catch (const ipc::interprocess_exception& error) {
    *failure = system_failure(path, "can't map", error.get_native_error());
    return nullptr;
  }
  mapping->data_ = static_cast<unsigned char*>(mapping->region_->region.get_address());
  mapping->bytes_ = bytes;
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

Mapping::~Mapping() {
  if (guard_slot_ >= 0) MappingGuard::leave(guard_slot_);
}

}  // namespace ringside
