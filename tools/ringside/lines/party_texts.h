// What records call their actors and subjects, as texts that are made once for many records.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "shm/label_kind.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

class PartyTexts {
 public:
  struct Text {
    LabelKind kind = LabelKind::none;  // none: there is no such party
    std::uint64_t id = 0;
    std::uint64_t labels = 0;  // how many the server had given when the text was made
    std::uint64_t number = 0;  // from 1 on; another text has another number. 0: of a message
    std::string text;
  };
  // Of a kind that is not none.
  using Make = std::function<std::string(LabelKind kind, std::uint64_t id)>;

  PartyTexts(const RingFile& file, Make make) : file_(file), make_(std::move(make)) {}

  // Until the next call. A label that is given while its text is made may be seen at clear() only.
  const Text& of(LabelKind kind, std::uint64_t id);
  const Text& actor(const Record& record) {
    return of(label_kind_of(record.actor_kind()), record.actor);
  }
  const Text& subject(const Record& record) {
    return of(label_kind_of(record.subject_kind()), record.subject);
  }
  // Every text is made anew.
  void clear() { texts_.clear(); }

 private:
  // A text whose place another party needs is made anew, with a new number.
  static constexpr std::size_t kTexts = std::size_t{1} << 14;

  const RingFile& file_;
  const Make make_;
  std::vector<Text> texts_;
  std::uint64_t numbers_ = 0;
  Text message_;
  const Text nobody_;
};

}  // namespace ringside::tool
