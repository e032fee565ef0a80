// Changes a state inside of its parts, and corrects the checksum and the lengths. Now and then it
// leaves them wrong.
#include <algorithm>
#include <cstring>

#include "tests/ring/fuzz/state_parts.h"

using namespace ringside;
using namespace ringside::fuzz;

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

void mutate(std::string& text, std::size_t more) {
  const std::size_t size = text.size();
  text.resize(size + std::max<std::size_t>(more, 8));
  text.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(text.data()), size, text.size()));
}

// Replaces one byte of the alerts by a number at the end of its type. The plain mutator finds such
// numbers only by chance.
void mutate_number(std::string& bytes, unsigned seed) {
  constexpr std::uint64_t kNumbers[] = {
      0, 1, INT64_MAX, std::uint64_t{1} << 62, std::uint64_t{1} << 63, UINT64_MAX};
  if (bytes.empty()) return;
  Encoder number;
  number.u64(kNumbers[seed % std::size(kNumbers)]);
  bytes.replace(seed / std::size(kNumbers) % bytes.size(), 1, number.take());
}

template <typename T>
void mutate_value(T& value) {
  LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(&value), sizeof value, sizeof value);
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  auto parts = StateParts::of({reinterpret_cast<const char*>(data), size});
  if (!parts || seed % 16 == 0) return LLVMFuzzerMutate(data, size, most);
  const std::size_t room = most - std::min(most, size);
  switch (seed / 16 % 12) {
    case 0:
      if (seed / 192 % 4 == 0) {
        mutate(parts->alerts, room);
      } else {
        mutate_number(parts->alerts, seed / 768);
      }
      break;
    case 1: mutate(parts->rest, std::min<std::size_t>(room, 16)); break;
    case 2: mutate_value(parts->boot); break;
    case 3: mutate_value(parts->monotonic_ns); break;
    case 4: mutate_value(parts->realtime_ns); break;
    case 5: mutate_value(parts->ticks); break;
    case 6: mutate_value(parts->meta); break;
    case 7:
      if (seed / 192 % 8 == 0) mutate_value(parts->forgotten);
      if (!parts->rings.empty())
        parts->rings.push_back(parts->rings[seed / 192 % parts->rings.size()]);
      break;
    case 8:
      if (!parts->rings.empty()) mutate(parts->rings[seed / 192 % parts->rings.size()].path, 16);
      break;
    default:
      if (!parts->rings.empty()) mutate(parts->rings[seed / 192 % parts->rings.size()].state, room);
      break;
  }
  const std::string bytes = parts->bytes();
  if (bytes.size() > most) return LLVMFuzzerMutate(data, size, most);
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}
