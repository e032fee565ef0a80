// What the daemon knows, in one file: positions, totals and windows (Watch), alerts (AlertEngine)
// and its own life. All are saved together. So after a kill at any instant nothing is counted twice
// and no episode is forgotten.
//
//   off size what
//     0    8 magic "RSSTATE\n"
//     8    1 version, a u64 of the codec. It rises with every change of what follows, in any part.
//     9    4 CRC-32 of all that follows, little endian
//    13      the body, in the codec: text Watch::encode(), text AlertEngine::encode(), StateMeta,
//            text LineOutbox::encode()
//
// One encoding (codec.h) and one version cover all of it. A state of another version is not read:
// the daemon moves it aside, says so, and counts anew.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringside {

inline constexpr std::uint64_t kStateVersion = 10;

struct StateMeta {
  std::int64_t since_wall_ns = 0;   // when "since start" began
  std::int64_t saved_wall_ns = 0;
  std::uint64_t restarts = 0;       // how many daemons took this state over
};

struct SavedState {
  std::string watch;
  std::string alerts;
  StateMeta meta;
  std::string lines = {};  // LineOutbox::encode(); empty: none
};

std::string encode_state(const SavedState& state);
// False when the bytes are not a whole state of this version. `why` is then a sentence about the
// state, such as "the state is of version 1, this daemon reads 10" or "the state is damaged: ...".
bool decode_state(std::string_view bytes, SavedState* state, std::string* why);

}  // namespace ringside
