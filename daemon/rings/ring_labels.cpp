#include "daemon/rings/ring_labels.h"

#include <utility>

#include "shm/labels.h"

namespace ringside {

namespace {

LabelKind label_kind_from(PartyKind kind) {
  switch (kind) {
    case PartyKind::user: return LabelKind::user;
    case PartyKind::session: return LabelKind::session;
    case PartyKind::address: return LabelKind::address;
    case PartyKind::room: return LabelKind::room;
    case PartyKind::message: return LabelKind::message;
    case PartyKind::none:
    case PartyKind::unknown: break;
  }
  return LabelKind::none;
}

}  // namespace

void RingLabels::give(const Segment* segment, Party& party) {
  const LabelKind kind = label_kind_from(party.kind);
  if (kind == LabelKind::none) return;
  if (segment != nullptr && !segment->broken()) party.label = read_label(*segment, kind, party.id);
  if (!party.label.empty() || kept_.empty()) return;
  const PartyKey key{static_cast<std::uint8_t>(kind), party.id};
  const auto at = kept_.find(key);
  if (at == kept_.end()) return;
  party.label = at->second;
  needed_.insert(*at);
}

void RingLabels::keep(const Segment& segment) {
  for (LabelEntry& entry : all_labels(segment))
    kept_[{static_cast<std::uint8_t>(entry.kind), entry.id}] = std::move(entry.text);
}

void RingLabels::forget_the_others() { kept_ = std::exchange(needed_, {}); }

}  // namespace ringside
