#include "tools/ringside/commands/control.h"

#include <fnmatch.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/config/config_keys.h"
#include "daemon/config/units.h"
#include "report/model/format.h"
#include "report/render/table.h"
#include "tools/ringside/control/change_lock.h"
#include "tools/ringside/control/switches.h"
#include "tools/ringside/source/interrupts.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

namespace {

constexpr const char* kControlCommand = "ringside control";
constexpr std::int64_t kServerLookNs = 100'000'000;  // whether the server is still there

int wrong(const std::string& text) {
  std::fprintf(stderr, "%s: %s\n", kControlCommand, text.c_str());
  return 2;
}

// The ids whose names are meant. Empty, and said so, where one names nothing.
std::optional<std::vector<std::uint16_t>> ids_of(const RingFile& file,
                                                 const std::vector<std::string>& operations) {
  std::vector<std::uint16_t> ids;
  std::vector<std::string> known;
  for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    if (file.entry(id) != nullptr) known.push_back(file.operation_name(id));
  }
  for (const std::string& wanted : operations) {
    bool any = false;
    for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
      if (file.entry(id) == nullptr ||
          fnmatch(wanted.c_str(), file.operation_name(id).c_str(), 0) != 0)
        continue;
      any = true;
      ids.push_back(id);
    }
    if (any) continue;
    const std::string nearest = nearest_name(wanted, known);
    wrong("no operation or event `" + escape_visible(wanted) + "` in this ring" +
          (nearest.empty() ? "" : "; nearest: `" + nearest + "`") +
          "\n  next: `ringside control RING` shows those that it has");
    return std::nullopt;
  }
  return ids;
}

std::string tracing_text(bool enabled) { return enabled ? "on" : "off"; }

// What is set, or, where two states are given, what has changed.
void print(const RingFile& file, const Switches& before, const Switches& after, bool all) {
  if (before.enabled == after.enabled) {
    std::printf("tracing    %s\n", tracing_text(after.enabled).c_str());
  } else {
    std::printf("tracing    %s, before %s\n", tracing_text(after.enabled).c_str(),
                tracing_text(before.enabled).c_str());
  }
  std::vector<Column> columns = {{"operation or event", Align::left}, {"sampled", Align::left}};
  if (!all) columns.push_back({"before", Align::left});
  Table table(std::move(columns));
  for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    const bool changed = before.one_in[id] != after.one_in[id];
    if (file.entry(id) == nullptr || (!all && !changed)) continue;
    Table::Row row = {file.operation_name(id), sampling_text(after.one_in[id])};
    if (!all) row.push_back(sampling_text(before.one_in[id]));
    table.row(std::move(row));
  }
  if (!table.empty()) std::printf("\n%s", table.render(0, 100).c_str());
  if (!all && before == after) std::printf("nothing to change: it was set already\n");
  std::fflush(stdout);
}

void print_json(const RingFile& file, const Switches& before, const Switches& after) {
  const auto json_of = [&](const Switches& switches) {
    nlohmann::json out = {{"enabled", switches.enabled}, {"one_in", nlohmann::json::object()}};
    for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
      if (file.entry(id) != nullptr) out["one_in"][file.operation_name(id)] = switches.one_in[id];
    }
    return out;
  };
  const nlohmann::json out = {
      {"ring", file.segment().path()}, {"before", json_of(before)}, {"after", json_of(after)}};
  std::printf("%s\n", out.dump(2, ' ', true, nlohmann::json::error_handler_t::replace).c_str());
  std::fflush(stdout);
}

// Waits until the time is over, the tool is interrupted, or the server has gone.
void wait_for(const RingFile& file, std::int64_t ns, Interrupts& interrupts) {
  const std::int64_t end_ns = add_ns(clock_ns(CLOCK_MONOTONIC), ns);
  while (true) {
    const std::int64_t left_ns = end_ns - clock_ns(CLOCK_MONOTONIC);
    if (left_ns <= 0 || interrupts.pause(std::min(left_ns, kServerLookNs))) return;
    const auto state = file.state();
    if (state == RingState::closed || state == RingState::crashed) return;
  }
}

}  // namespace

int control(const ControlOptions& options) {
  std::optional<Setting> setting;
  if (!options.setting.empty()) {
    setting = parse_setting(options.setting);
    if (!setting)
      return wrong("found `" + escape_visible(options.setting) +
                   "`, expected on, off, or 1/N for one in N\n  next: ringside control --help");
  }
  std::optional<std::int64_t> lasting_ns;
  if (!options.lasting.empty()) {
    lasting_ns = parse_duration(options.lasting);
    if (!lasting_ns)
      return wrong("--for: found `" + escape_visible(options.lasting) +
                   "`, expected a duration\n  next: write e.g. 10min or 90s");
  }
  if (!setting && (lasting_ns || !options.operations.empty()))
    return wrong(
        "expected a setting with --for or --op: on, off, or 1/N\n"
        "  next: ringside control --help");

  Failure failure;
  const auto file = RingFile::open(options.ring, &failure, setting.has_value());
  if (file == nullptr) {
    std::fprintf(stderr, "ringside: %s\n", failure.message.c_str());
    return 1;
  }
  const auto ids = ids_of(*file, options.operations);
  if (!ids) return 2;
  Control& words = file->segment().control();
  if (!setting) {
    const Switches now = read_switches(words);
    if (options.json) {
      print_json(*file, now, now);
    } else {
      print(*file, now, now, true);
    }
    return 0;
  }
  const auto state = file->state();
  if (state == RingState::closed || state == RingState::crashed) {
    std::fprintf(stderr,
                 "ringside: %s: its server is gone, so there is nothing to switch\n  next: start "
                 "the server, and switch the ring that it creates\n",
                 escape_visible(file->segment().path()).c_str());
    return 1;
  }
  if (file->is_copy()) {
    std::fprintf(stderr,
                 "ringside: %s: is a copy of the ring %s, and no server looks at its switches\n"
                 "  next: name the ring itself: `ringside list`\n",
                 escape_visible(file->segment().path()).c_str(),
                 escape_visible(file->facts().file_name).c_str());
    return 1;
  }
  ChangeLock lock(file->segment());
  const bool all = options.operations.empty();
  const bool samples = setting->kind == Setting::Kind::sample;
  if (!lock.hold({all && !samples, all && samples, *ids}, &failure)) {
    std::fprintf(stderr, "ringside: %s\n", failure.message.c_str());
    return 1;
  }
  Interrupts interrupts;
  // Whoever reads what it says may go. It must go back all the same.
  signal(SIGPIPE, SIG_IGN);
  Switches before, after;
  {
    const ChangeLock::Turn turn(lock);
    before = read_switches(words);
    after = apply(before, *setting, *ids);
    write_switches(words, before, after);
  }
  if (options.json) {
    print_json(*file, before, after);
  } else {
    print(*file, before, after, false);
  }
  if (!lasting_ns) return 0;
  std::fprintf(stderr, "%s: for %s, then back; Ctrl-C goes back at once\n", kControlCommand,
               write_duration(*lasting_ns).c_str());
  wait_for(*file, *lasting_ns, interrupts);
  {
    const ChangeLock::Turn turn(lock);
    take_back(words, before, after);
  }
  std::fprintf(stderr, "%s: back to what was set before\n", kControlCommand);
  return 0;
}

}  // namespace ringside::tool
