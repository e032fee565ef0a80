// What records call their actors and subjects, as texts that are made once for many records.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/label_kind.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

class PartyTexts {
 public:
  struct Text {
    LabelKind kind = LabelKind::none;  // none: there is no such party
    std::uint64_t id = 0;
    std::uint64_t number = 0;  // from 1 on; another text has another number
    std::string text;          // `alice (user 42)`; safe for a terminal
  };

  PartyTexts(const RingFile& file, bool labels) : file_(file), labels_(labels), texts_(kTexts) {}

  // Until the next call.
  const Text& actor(const Record& record);
  const Text& subject(const Record& record);

 private:
  // A text whose place another party needs is made anew, with a new number.
  static constexpr std::size_t kTexts = std::size_t{1} << 14;
  template <typename Make>
  const Text& text_of(LabelKind kind, std::uint64_t id, const Make& make);

  const RingFile& file_;
  const bool labels_;
  std::vector<Text> texts_;
  std::uint64_t numbers_ = 0;
  const Text nobody_;
};

}  // namespace ringside::tool
