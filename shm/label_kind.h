// What a label is the name of.
#pragma once

#include <cstdint>

#include "shm/record.h"

namespace ringside {

enum class LabelKind : std::uint8_t { none, user, session, address, room, message };
inline constexpr unsigned kLabelKindCount = 6;

constexpr LabelKind label_kind_of(ActorKind kind) {
  switch (kind) {
    case ActorKind::none: break;
    case ActorKind::user: return LabelKind::user;
    case ActorKind::session: return LabelKind::session;
    case ActorKind::address: return LabelKind::address;
  }
  return LabelKind::none;
}
constexpr LabelKind label_kind_of(SubjectKind kind) {
  switch (kind) {
    case SubjectKind::none: break;
    case SubjectKind::room: return LabelKind::room;
    case SubjectKind::message: return LabelKind::message;
    case SubjectKind::user: return LabelKind::user;
    case SubjectKind::address: return LabelKind::address;
  }
  return LabelKind::none;
}

}  // namespace ringside
