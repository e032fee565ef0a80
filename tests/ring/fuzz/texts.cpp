// Fuzz target: texts from outside. These are the daemon's configuration, the files of /proc, and
// names in a ring.
//
//   byte 0   which of them the rest is; bit 2: a configuration is printed with comments
#include <cmath>

#include "daemon/config/config.h"
#include "daemon/host/proc_parse.h"
#include "report/model/format.h"
#include "shm/identity.h"
#include "shm/names.h"
#include "tests/ring/fuzz/input.h"
#include "tests/ring/fuzz/rings.h"

using namespace ringside;
using namespace ringside::fuzz;

namespace {

// An accepted configuration is printed and read back as the same one. An error message names the
// file, and holds no NUL or escape character.
void configuration(std::string_view text, Comments comments) {
  const ConfigResult found = parse_config(text, "FILE");
  for (const std::string& error : found.errors) {
    FUZZ_REQUIRE(error.starts_with("FILE"));
    FUZZ_REQUIRE(error.find('\0') == std::string::npos && error.find('\x1b') == std::string::npos);
  }
  if (!found.errors.empty()) return;
  const ConfigResult again = parse_config(print_config(found.config, comments), "FILE");
  FUZZ_REQUIRE(again.errors.empty());
  FUZZ_REQUIRE(again.config == found.config);
}

void proc(std::string_view text) {
  if (const auto stat = parse_process_stat(text))
    FUZZ_REQUIRE(stat->start_time == start_time_from_stat(text));
  parse_host_cpu(text);
  parse_loadavg(text);
  parse_meminfo(text);
}

SpoiltRing& named_ring() {
  static SpoiltRing ring({1, 64, 64}, Content::fresh, ClockKind::monotonic, 1);
  return ring;
}

// Takes the bytes as a name, a gauge's name and an error's name. Each is shown printable and within
// the width of its table.
void names(std::string_view text) {
  const Segment& segment = named_ring().segment();
  const auto put = [&](void* entry, std::size_t bytes) {
    std::memset(entry, 0, bytes);
    if (!text.empty()) std::memcpy(entry, text.data(), std::min(bytes, text.size()));
  };
  put(&segment.names()[0], sizeof(Name));
  put(&segment.gauge_names()[0], sizeof(GaugeName));
  put(&segment.error_names()[0], sizeof(ErrorName));
  NameEntry name;
  std::string gauge, error;
  std::uint16_t code = 0;
  const auto sound = [](const std::string& shown, std::size_t most) {
    FUZZ_REQUIRE(shown.size() <= most);
    for (const char c : shown) FUZZ_REQUIRE(c > 0x20 && c < 0x7f);
  };
  if (read_name(segment, 0, &name)) {
    sound(name.name, kNameBytes);
    sound(name.category, kCategoryBytes);
    for (const std::string& stage : name.stages) sound(stage, kStageNameBytes);
  }
  if (read_gauge_name(segment, 0, &gauge)) sound(gauge, 48);
  if (read_error_name(segment, 0, &code, &error)) sound(error, 56);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  named_ring();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const auto what = in.take<std::uint8_t>();
  const std::string text(in.take_bytes(size));
  switch (what % 3) {
    case 0: configuration(text, (what & 4) != 0 ? Comments::with : Comments::without); break;
    case 1: proc(text); break;
    default: names(text); break;
  }
  return 0;
}
