// Puts every shared mapping of a file between two pages without access. A read one byte outside of
// the mapping then ends the process. Linked in with -Wl,--wrap=mmap -Wl,--wrap=munmap, so the code
// under test is unchanged.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

namespace {

constexpr std::size_t kPage = 4096;

std::size_t whole_pages(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

std::mutex g_mutex;
std::map<void*, std::size_t>& guarded() {
  static auto* mappings =
      new std::map<void*, std::size_t>;  // never destroyed: mappings may outlive it
  return *mappings;
}

}  // namespace

extern "C" {

void* __real_mmap(void* address, std::size_t bytes, int protection, int flags, int fd,
                  off_t offset);
int __real_munmap(void* address, std::size_t bytes);

void* __wrap_mmap(void* address, std::size_t bytes, int protection, int flags, int fd,
                  off_t offset) {
  if (address != nullptr || fd < 0 || (flags & MAP_SHARED) == 0 || bytes > SIZE_MAX / 2) {
    return __real_mmap(address, bytes, protection, flags, fd, offset);
  }
  const std::size_t inner = whole_pages(bytes);
  void* outer = __real_mmap(nullptr, inner + 2 * kPage, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (outer == MAP_FAILED) return MAP_FAILED;
  void* at = static_cast<unsigned char*>(outer) + kPage;
  if (__real_mmap(at, bytes, protection, flags | MAP_FIXED, fd, offset) == MAP_FAILED) {
    const int error = errno;
    __real_munmap(outer, inner + 2 * kPage);
    errno = error;
    return MAP_FAILED;
  }
  const std::lock_guard lock(g_mutex);
  guarded()[at] = inner;
  return at;
}

int __wrap_munmap(void* address, std::size_t bytes) {
  std::size_t inner = 0;
  {
    const std::lock_guard lock(g_mutex);
    const auto found = guarded().find(address);
    if (found != guarded().end() && found->second == whole_pages(bytes)) {
      inner = found->second;
      guarded().erase(found);
    }
  }
  if (inner == 0) return __real_munmap(address, bytes);
  return __real_munmap(static_cast<unsigned char*>(address) - kPage, inner + 2 * kPage);
}

}  // extern "C"
