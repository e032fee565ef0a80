// Fuzz target: a file under a ring's name (spoilt_file.h) is shown by `ringside list`, `inspect`
// and `tail`.
//
//   flags    4 JSON, 8 list, 16 tail; 32 only one operation, 64 only failures, 128 no labels
#include <cstdio>
#include <fstream>

#include "tests/ring/fuzz/spoilt_file.h"
#include "tools/ringside/commands/commands.h"

using namespace ringside;
using namespace ringside::fuzz;

namespace {

// `list` reads a folder. The file in it is empty, and what is opened under its name is in memory.
const std::string& path() {
  static const std::string made = Scratch::file("ringside.spoilt");
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  SpoiltFile::make_all();
  std::ofstream file(path());
  // The tool formats its output, and nobody sees it.
  return std::freopen("/dev/null", "w", stdout) != nullptr ? 0 : 1;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const SpoiltFile spoilt(data, size);
  SegmentFacts facts;
  Failure failure;
  const MemoryFile& file = spoilt.file();
  // What can't be opened is told on standard error, line by line.
  if (open_segment_in(file.bytes, file.count, path(), file.inode, &facts, &failure) == nullptr)
    return 0;
  put_file(path(), file);
  tool::InspectOptions inspect;
  inspect.json = (spoilt.flags() & 4) != 0;
  FUZZ_REQUIRE(tool::inspect(path(), inspect) == 0);
  if ((spoilt.flags() & 8) != 0) FUZZ_REQUIRE(tool::list(path().substr(0, path().rfind('/'))) == 0);
  if ((spoilt.flags() & 16) != 0) {
    tool::TailOptions tail;
    tail.follow = false;
    if ((spoilt.flags() & 32) != 0) tail.operations = {"SEND_MESSAGE"};
    tail.failures = (spoilt.flags() & 64) != 0;
    tail.labels = (spoilt.flags() & 128) == 0;
    FUZZ_REQUIRE(tool::tail(path(), tail) == 0);
  }
  remove_all_files();
  return 0;
}
