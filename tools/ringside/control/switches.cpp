#include "tools/ringside/control/switches.h"

#include <charconv>
#include <string_view>

namespace ringside::tool {

Switches read_switches(const Control& control) {
  Switches switches;
  switches.enabled = control.enabled.load(std::memory_order_relaxed) != 0;
  for (std::size_t id = 0; id < kIdCount; ++id)
    switches.one_in[id] = control.requested[id].load(std::memory_order_relaxed);
  return switches;
}

void write_switches(Control& control, const Switches& from, const Switches& to) {
  for (std::uint16_t id = 0; id < kIdCount; ++id) {
    if (from.one_in[id] != to.one_in[id])
      control.requested[id].store(to.one_in[id], std::memory_order_relaxed);
    if (from.effective(id) != to.effective(id))
      control.effective[id].store(to.effective(id), std::memory_order_relaxed);
  }
  if (from.enabled != to.enabled)
    control.enabled.store(to.enabled ? 1 : 0, std::memory_order_relaxed);
}

void take_back(Control& control, const Switches& before, const Switches& after) {
  const Switches now = read_switches(control);
  Switches back = now;
  if (now.enabled == after.enabled) back.enabled = before.enabled;
  for (std::size_t id = 0; id < kIdCount; ++id) {
    if (now.one_in[id] == after.one_in[id]) back.one_in[id] = before.one_in[id];
  }
  write_switches(control, now, back);
}

std::optional<Setting> parse_setting(const std::string& text) {
  if (text == "on") return Setting{Setting::Kind::on, 1};
  if (text == "off") return Setting{Setting::Kind::off, 1};
  if (!std::string_view(text).starts_with("1/")) return std::nullopt;
  Setting setting{Setting::Kind::sample, 0};
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data() + 2, end, setting.one_in);
  if (error != std::errc() || at != end || setting.one_in == 0) return std::nullopt;
  return setting;
}

Switches apply(const Switches& before, const Setting& setting,
               const std::vector<std::uint16_t>& ids) {
  Switches after = before;
  if (ids.empty()) {
    if (setting.kind != Setting::Kind::sample) {
      after.enabled = setting.kind == Setting::Kind::on;
    } else {
      for (std::uint32_t id = 0; id < kMaxOperations; ++id) after.one_in[id] = setting.one_in;
    }
    return after;
  }
  for (const std::uint16_t id : ids)
    after.one_in[id] = setting.kind == Setting::Kind::off ? 0 : setting.one_in;
  return after;
}

std::string sampling_text(std::uint32_t one_in) {
  return one_in == 0 ? "none" : one_in == 1 ? "every one" : "1 in " + std::to_string(one_in);
}

}  // namespace ringside::tool
