// A ring's switches (shm/layout.h, Control): tracing as a whole, and the sampling of each id.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shm/layout.h"

namespace ringside::tool {

struct Switches {
  bool enabled = true;
  std::array<std::uint32_t, kIdCount> one_in{};  // of each id: 0 none, 1 every one, n one in n

  // What a writer is told of an id.
  std::uint32_t effective(std::uint16_t id) const { return enabled ? one_in[id] : 0; }
  friend bool operator==(const Switches&, const Switches&) = default;
};

Switches read_switches(const Control& control);
// Stores those that differ from `from`. Servers see each word at their next operation.
void write_switches(Control& control, const Switches& from, const Switches& to);
// Takes back what a change from `before` to `after` did, as far as nobody else has changed it
// since.
void take_back(Control& control, const Switches& before, const Switches& after);

// What `ringside control RING SETTING` asks for.
struct Setting {
  enum class Kind : std::uint8_t { on, off, sample };
  Kind kind = Kind::on;
  std::uint32_t one_in = 1;  // of `sample`, at least 1
};
// "on", "off", "1/10"; nothing for other text.
std::optional<Setting> parse_setting(const std::string& text);

// The switches after a setting. Without ids `on` and `off` are of the ring as a whole, and keep
// each id's sampling; a sampling is of all operations, those to come included, and not of events.
Switches apply(const Switches& before, const Setting& setting,
               const std::vector<std::uint16_t>& ids);

// "every one", "1 in 10", "none".
std::string sampling_text(std::uint32_t one_in);

}  // namespace ringside::tool
