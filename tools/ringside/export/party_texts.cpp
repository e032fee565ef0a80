#include "tools/ringside/export/party_texts.h"

#include "tools/ringside/lines/record_lines.h"

namespace ringside::tool {

template <typename Make>
const PartyTexts::Text& PartyTexts::text_of(LabelKind kind, std::uint64_t id, const Make& make) {
  if (kind == LabelKind::none) return nobody_;
  const std::uint64_t mixed = (id + static_cast<std::uint64_t>(kind)) * 0x9e3779b97f4a7c15ULL;
  Text& text = texts_[(mixed >> 40) % kTexts];
  if (text.kind != kind || text.id != id) text = {kind, id, ++numbers_, make()};
  return text;
}

const PartyTexts::Text& PartyTexts::actor(const Record& record) {
  return text_of(label_kind_of(record.actor_kind()), record.actor,
                 [&] { return actor_text(file_, record, labels_); });
}

const PartyTexts::Text& PartyTexts::subject(const Record& record) {
  return text_of(label_kind_of(record.subject_kind()), record.subject,
                 [&] { return subject_text(file_, record, labels_); });
}

}  // namespace ringside::tool
