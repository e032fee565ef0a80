// What the daemon knows, in one file: positions, totals and windows (Watch), alerts (AlertEngine) and its own life,
// saved together, so that after a kill at any instant nothing is counted twice and no episode is forgotten.
//
//   off size what
//     0    8 magic "RSSTATE\n"
//     8    4 version, little endian as everything here
//    12    4 CRC-32 of all that follows
//    16    8 bytes that follow the header
//    24    8 length of the first part, then the part: Watch::save()
//          8 length of the second, then the part: AlertEngine::save()
//          8 length of the third, then the part: StateMeta
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringside {

struct StateMeta {
  std::int64_t since_wall_ns = 0;   // when "since start" began
  std::int64_t saved_wall_ns = 0;
  std::uint64_t restarts = 0;       // of daemons that took this state over
};

struct SavedState {
  std::string watch;
  std::string alerts;
  StateMeta meta;
};

std::string encode_state(const SavedState& state);
// False when the bytes are not a whole state of this version, and why() says what is wrong.
bool decode_state(std::string_view bytes, SavedState* state, std::string* why);

}  // namespace ringside
