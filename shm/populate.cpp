#include "shm/populate.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace ringside {

namespace {

#ifdef MADV_POPULATE_WRITE
constexpr int kPopulateWrite = MADV_POPULATE_WRITE;
#else
constexpr int kPopulateWrite = 23;
#endif

// Has the kernel add 0 to a word of each page. Where the page's memory can't be had, the call says
// EFAULT; a store of our own would raise SIGBUS. The addition is atomic and changes nothing.
//
// Rejected: posix_fallocate(). It needs a descriptor, and a server that makes itself a daemon
// closes all of them. Opened anew, the path leads nowhere after chroot or setuid.
bool populate_by_futex(std::uintptr_t first, std::uintptr_t end, std::uintptr_t page_bytes) {
  std::uint32_t nobody_waits_here = 0;
  // FUTEX_WAKE_OP: changes a second word, and wakes threads that wait on the two. None does.
  constexpr long kNoneWoken = 0;
  constexpr std::uint32_t kAddZero = FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0);
  for (std::uintptr_t page = first; page < end; page += page_bytes) {
    if (syscall(SYS_futex, &nobody_waits_here, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, kNoneWoken,
                kNoneWoken, page, kAddZero) < 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool populate(void* begin, std::size_t bytes) {
  // Whole pages of the system, which on Arm may be larger than the layout's.
  const auto page_bytes = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  const std::uintptr_t first = address & ~(page_bytes - 1);
  if (madvise(reinterpret_cast<void*>(first), address + bytes - first, kPopulateWrite) == 0)
    return true;
  // EINVAL: Linux before 5.14. ENOSYS, EPERM: a filter that knows no such advice.
  if (errno != EINVAL && errno != ENOSYS && errno != EPERM) return false;
  return populate_by_futex(first, address + bytes, page_bytes);
}

}  // namespace ringside
