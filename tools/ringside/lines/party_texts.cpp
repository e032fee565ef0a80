#include "tools/ringside/lines/party_texts.h"

namespace ringside::tool {

const PartyTexts::Text& PartyTexts::of(LabelKind kind, std::uint64_t id) {
  if (kind == LabelKind::none) return nobody_;
  // A message is seldom named twice, and would drive out those that are.
  if (kind == LabelKind::message) {
    message_ = {kind, id, 0, 0, make_(kind, id)};
    return message_;
  }
  if (texts_.empty()) texts_.resize(kTexts);
  const std::uint64_t labels =
      file_.segment().header().labels_given.load(std::memory_order_relaxed);
  const std::uint64_t mixed = (id + static_cast<std::uint64_t>(kind)) * 0x9e3779b97f4a7c15ULL;
  Text& text = texts_[(mixed >> 40) % kTexts];
  if (text.kind != kind || text.id != id || text.labels != labels)
    text = {kind, id, labels, ++numbers_, make_(kind, id)};
  return text;
}

}  // namespace ringside::tool
