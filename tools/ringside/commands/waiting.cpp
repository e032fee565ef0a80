#include "tools/ringside/commands/waiting.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>

#include "report/model/format.h"
#include "shm/file_descriptor.h"
#include "shm/layout.h"
#include "tools/ringside/filter/matcher.h"
#include "tools/ringside/recording/chunk_file.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

namespace {

constexpr std::int64_t kWaitNs = 100'000'000;

// Whether waiting may help: nothing has the name, or a ring that this program can't read. Its
// server makes a new one when it is started again.
bool may_become_ring(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (!file) {
    constexpr int kLasting[] = {EACCES, EPERM, ELOOP, ENAMETOOLONG, ENOTDIR, ENXIO};
    return std::find(std::begin(kLasting), std::end(kLasting), errno) == std::end(kLasting);
  }
  struct stat info {};
  std::uint64_t magic = 0;
  return fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode) &&
         pread(file.get(), &magic, sizeof magic, 0) == static_cast<ssize_t>(sizeof magic) &&
         magic == kMagic;
}

bool say_never(const std::string& message) {
  std::fprintf(stderr, "ringside: %s\n", message.c_str());
  return true;
}

// Whether it can never be a ring. `failure` says why it is none now.
bool never(const std::string& name, const Failure& failure) {
  Failure wrong;
  const std::string path = ring_path(name, &wrong);
  if (path.empty()) return say_never(failure.message);
  const bool is_path = name.find('/') != std::string::npos;
  if (is_recording(is_path ? path : "./" + name)) {
    return say_never(escape_visible(name) +
                     ": is a recording, and nothing more is written into it; expected a ring for "
                     "--follow\n  next: leave --follow out");
  }
  return !may_become_ring(path) && say_never(failure.message);
}

}  // namespace

Awaited wait_for_ring(const char* command, const std::string& name, const FilterFlags& filter,
                      const std::optional<SegmentFacts>& last, Interrupts& interrupts) {
  Wanted wanted;
  FilterError error;
  if (!read_flags(filter, wanted, error)) return Awaited::ready;
  bool patient = last.has_value();
  bool said_ring = false;
  bool said_filter = false;
  while (true) {
    Failure failure;
    const auto file = RingFile::open(name, &failure);
    const bool another = file != nullptr &&
                         (!last || !std::equal(std::begin(last->instance), std::end(last->instance),
                                               std::begin(file->facts().instance)));
    if (another) {
      const bool fits = Matcher::make(wanted, *file, file->now_ticks(), error).has_value();
      if (fits || !error.missing || !patient) return Awaited::ready;
      if (!said_filter) {
        std::fprintf(stderr, "%s: waits until the server has named what the filter asks for: %s\n",
                     command, error.what.c_str());
      }
      said_filter = true;
    } else {
      if (file == nullptr && never(name, failure)) return Awaited::never;
      if (!said_ring)
        std::fprintf(stderr, "%s: waits for %s\n", command, escape_visible(name).c_str());
      said_ring = patient = true;
    }
    if (interrupts.pause(kWaitNs)) return Awaited::interrupted;
  }
}

}  // namespace ringside::tool
