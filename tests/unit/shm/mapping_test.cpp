// A mapping whose file is cut off under it, and the handler of SIGBUS that was there before. The
// handler is installed at a process's first mapping. So every case has a process of its own, and
// this program's first process never maps anything.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "shm/mapping.h"
#include "tests/support/process.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::size_t kPage = 4096;

std::atomic<bool> g_no_memory{false};

// A file of four pages, each full of its own letter.
struct Letters {
  TempDir dir;
  int fd = open(dir.file("letters").c_str(), O_RDWR | O_CREAT, 0600);
  Failure failure;

  Letters() {
    for (const char letter : {'a', 'b', 'c', 'd'}) {
      const std::string page(kPage, letter);
      REQUIRE(write(fd, page.data(), page.size()) == static_cast<ssize_t>(page.size()));
    }
  }
  ~Letters() { close(fd); }
  std::unique_ptr<Mapping> map(bool writable = false, std::uint64_t bytes = 4 * kPage) {
    return Mapping::map(fd, bytes, writable, "letters", &failure);
  }
  void cut() { REQUIRE(ftruncate(fd, 0) == 0); }
};

int touch(const unsigned char* at) { return *static_cast<const volatile unsigned char*>(at); }

// Ends the process with 42 if the signal came as it should.
const void* g_fault = nullptr;
void told_much(int signal, siginfo_t* info, void* context) {
  _exit(signal == SIGBUS && info->si_addr == g_fault && context != nullptr && errno == 77 ? 42
                                                                                          : 43);
}
void told_little(int signal) { _exit(signal == SIGBUS ? 42 : 43); }

void handle_with(void (*much)(int, siginfo_t*, void*), void (*little)(int), int flags) {
  struct sigaction action {};
  if (much != nullptr) {
    action.sa_sigaction = much;
  } else {
    action.sa_handler = little;
  }
  action.sa_flags = flags;
  sigaction(SIGBUS, &action, nullptr);
}

// A page of another mapping, whose file is gone. Nobody guards it.
const unsigned char* foreign_page() {
  const int fd = memfd_create("foreign", 0);
  if (ftruncate(fd, kPage) != 0) _exit(50);
  void* at = mmap(nullptr, kPage, PROT_READ, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED || ftruncate(fd, 0) != 0) _exit(51);
  g_fault = at;
  errno = 77;
  return static_cast<const unsigned char*>(at);
}

}  // namespace

extern "C" {
void* __real_mmap(void* address, std::size_t bytes, int protection, int flags, int fd,
                  off_t offset);
void* __wrap_mmap(void* address, std::size_t bytes, int protection, int flags, int fd,
                  off_t offset) {
  if (g_no_memory.load()) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return __real_mmap(address, bytes, protection, flags, fd, offset);
}
}

TEST_CASE("Mapping: it shows the file from its beginning, for as long as it is whole") {
  Letters letters;
  CHECK(run([&] {
          const auto mapping = letters.map();
          if (mapping == nullptr || mapping->bytes() != 4 * kPage) return 1;
          if (touch(mapping->data()) != 'a' || touch(mapping->data() + 4 * kPage - 1) != 'd')
            return 2;
          return mapping->broken() ? 3 : 0;
        }).exited(0));
}

TEST_CASE("Mapping: pages that are gone read as zeros, one by one, and the mapping says so") {
  Letters letters;
  CHECK(run([&] {
          const auto mapping = letters.map();
          const auto other = letters.map();
          if (ftruncate(letters.fd, kPage) != 0) return 1;
          if (touch(mapping->data() + kPage - 1) != 'a' || mapping->broken()) return 2;
          // Not at the beginning of its page.
          if (touch(mapping->data() + 2 * kPage + 1234) != 0 || !mapping->broken()) return 3;
          if (touch(mapping->data()) != 'a') return 4;
          if (touch(mapping->data() + kPage) != 0) return 5;
          if (touch(mapping->data() + 4 * kPage - 1) != 0) return 6;
          // The other mapping of the same file was not touched.
          if (other->broken()) return 7;
          if (ftruncate(letters.fd, 0) != 0) return 8;
          if (touch(other->data()) != 0 || !other->broken()) return 9;
          return 0;
        }).exited(0));
}

TEST_CASE("Mapping: nothing beyond its last byte is guarded") {
  Letters letters;
  letters.cut();
  CHECK(run([&] {
          const auto mapping = letters.map(false, 100);
          return touch(mapping->data() + 99) == 0 && mapping->broken() ? 0 : 1;
        }).exited(0));
  CHECK(run([&] {
          handle_with(nullptr, told_little, 0);
          const auto mapping = letters.map(false, 100);
          return touch(mapping->data() + 100);
        }).exited(42));
}

TEST_CASE("Mapping: another SIGBUS goes to the handler that was there, in its own form") {
  Letters letters;
  CHECK(run([&] {
          handle_with(told_much, nullptr, SA_SIGINFO);
          const auto mapping = letters.map();
          return touch(foreign_page());
        }).exited(42));
  CHECK(run([&] {
          handle_with(nullptr, told_little, 0);
          const auto mapping = letters.map();
          return touch(foreign_page());
        }).exited(42));
}

TEST_CASE("Mapping: where there was no handler another SIGBUS ends the process") {
  Letters letters;
  for (const int flags : {0, SA_SIGINFO}) {
    for (void (*const handler)(int) : {SIG_DFL, SIG_IGN}) {
      CHECK(run([&] {
              handle_with(nullptr, handler, flags);
              const auto mapping = letters.map();
              return touch(foreign_page());
            }).killed_by(SIGBUS));
    }
  }
}

TEST_CASE("Mapping: without memory for a page the handler that was there decides, with its errno") {
  Letters letters;
  CHECK(run([&] {
          handle_with(told_much, nullptr, SA_SIGINFO);
          const auto mapping = letters.map();
          letters.cut();
          g_fault = mapping->data() + kPage;
          errno = 77;
          g_no_memory.store(true);
          return touch(mapping->data() + kPage);
        }).exited(42));
}

TEST_CASE("Mapping: what was mapped once is guarded no more") {
  Letters letters;
  CHECK(run([&] {
          handle_with(nullptr, told_little, 0);
          letters.map();
          return touch(foreign_page());
        }).exited(42));
  // The same address, in a mapping of somebody else.
  CHECK(run([&] {
          handle_with(nullptr, told_little, 0);
          unsigned char* at = letters.map()->data();
          if (mmap(at, kPage, PROT_READ, MAP_SHARED | MAP_FIXED, letters.fd, 0) != at) return 1;
          letters.cut();
          return touch(at);
        }).exited(42));
}

TEST_CASE("Mapping: a writer's is not guarded, and its end leaves the others' guards alone") {
  Letters letters;
  CHECK(run([&] {
          const auto reader = letters.map();
          letters.map(true);
          letters.cut();
          return touch(reader->data()) == 0 && reader->broken() ? 0 : 1;
        }).exited(0));
  Letters more;
  CHECK(run([&] {
          const auto writer = more.map(true);
          writer->data()[0] = 'x';
          if (writer->broken()) return 1;
          more.cut();
          return touch(writer->data());
        }).killed_by(SIGBUS));
}

TEST_CASE("Mapping: 256 of a process are guarded, and the next one is refused until one ends") {
  Letters letters;
  CHECK(run([&] {
          std::vector<std::unique_ptr<Mapping>> all;
          for (int i = 0; i < 256; ++i) {
            all.push_back(letters.map());
            if (all.back() == nullptr) return 1;
          }
          letters.failure.error_number = 7;
          if (letters.map() != nullptr) return 2;
          if (letters.failure.error_number != 0) return 3;
          if (letters.failure.message != "letters: too many mappings in this process (256)")
            return 4;
          all[100].reset();
          if (letters.map() == nullptr) return 5;
          all[0].reset();
          all[255].reset();
          all[0] = letters.map();
          all[255] = letters.map();
          if (all[0] == nullptr || all[255] == nullptr) return 6;
          letters.cut();
          for (std::size_t i = 0; i < all.size(); ++i) {
            if (all[i] == nullptr) continue;
            if (touch(all[i]->data()) != 0 || !all[i]->broken()) return 7;
          }
          return 0;
        }).exited(0));
}

TEST_CASE("Mapping: what can't be mapped is told with its reason") {
  Letters letters;
  CHECK(run([&] {
          close(letters.fd);
          if (letters.map() != nullptr) return 1;
          if (letters.failure.error_number != EBADF) return 2;
          return letters.failure.message == "letters: can't map: Bad file descriptor" ? 0 : 3;
        }).exited(0));
}
