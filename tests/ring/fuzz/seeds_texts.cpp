// Seeds for texts from outside.
#include "daemon/config/config.h"
#include "daemon/config/config_keys.h"
#include "shm/layout.h"
#include "tests/ring/fuzz/input.h"
#include "tests/ring/fuzz/seeds.h"

namespace ringside::fuzz {

void text_seeds(const Folder& folder) {
  const auto add = [&](const std::string& name, std::uint8_t what, std::string_view text) {
    folder.add(name, Output().put(what).bytes(text).text());
  };
  const std::string defaults = print_config(Config{}, Comments::without);
  add("config-defaults", 0, defaults);
  // And each table of it. A short input is soon tried.
  for (std::size_t begin = 0; begin != std::string::npos;) {
    const std::size_t end = defaults.find("\n[", begin + 1);
    add("config-table-" + std::to_string(begin), 0, defaults.substr(begin, end - begin));
    begin = end;
  }
  add("config-small", 0,
      "rings = [\"a\", \"/tmp/b\"]\ntick = \"1s\"\n[thresholds.operations.JOIN_ROOM]\nresponse = "
      "\"1ms\"\n");
  add("config-owners", 0,
      "rings = [\"a\", \"b-*\"]\n[owners]\na = \"root\"\n\"b-*\" = 4294967294\nc = true\n");
  add("config-wrong", 0,
      "rings = 7\ntick = \"5 parsecs\"\n[alerts]\ncpu_percent = {warning = [95, 85], critical = "
      "[1]}\n");
  add("config-broken", 0, "a = [[[[[[{b = 0x");
  add("proc-stat", 1,
      "4711 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25");
  add("proc-cpu", 1, "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3\n");
  add("proc-loadavg", 1, "0.20 0.18 0.12 1/80 11206\n");
  add("proc-meminfo", 1,
      "MemTotal:       16384 kB\nMemFree: 1 kB\nMemAvailable:   18446744073709551615 kB\n");
  const std::uint32_t ready = kNameReady;
  std::string name(reinterpret_cast<const char*>(&ready), sizeof ready);
  add("name", 2,
      name + std::string(4, '\0') + "SEND_MESSAGE" + std::string(28, '\0') + "message\x1b[31m");
  add("name-full", 2, name + std::string(124, '\xc3'));
  for (const auto& key : config_keys()) folder.word(key.path.substr(key.path.rfind('.') + 1));
  for (const auto& key : operation_keys()) folder.word(key.path);
  for (const std::string_view word :
       {"[thresholds.operations.", "[owners]", "root", " = \"", "100ms", "64KiB",
        "0x7fffffffffffffff", "inf", "nan", "true", "'''", "[[", "2026-11-26T00:00:00Z", "cpu  ",
        "MemTotal:", "MemAvailable:", " kB\n", "18446744073709551615", ") R "}) {
    folder.word(word);
  }
}

}  // namespace ringside::fuzz
