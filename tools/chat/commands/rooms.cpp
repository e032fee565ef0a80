// CREATE_ROOM, JOIN_ROOM, LEAVE_ROOM, LIST_ROOMS.
#include "tools/chat/commands/handlers.h"

namespace chatd {

using trace::SubjectKind;

Reply create_room(const Context& context) {
  auto& [db, request, caller, hub] = context;
  {
    auto taken = db.query("SELECT 1 FROM rooms WHERE name = ?", request.name);
    if (taken.row()) throw Refusal(Error::ROOM_EXISTS, "a room of that name exists");
  }
  const auto kind = request.is_private ? RoomKind::closed : RoomKind::open;
  db.run("INSERT INTO rooms(name, topic, kind, created) VALUES (?,?,?,?)", request.name,
         request.topic, static_cast<std::int64_t>(kind), now_ms());
  const auto room = db.last_id();
  db.run("INSERT INTO members(room_id, user_id, role, joined) VALUES (?,?,1,?)", room, caller.user,
         now_ms());
  Reply reply;
  reply.fields["room_id"] = room;
  reply.joined.emplace_back(room, caller.user);
  reply.named = {room, request.name};
  reply.about(SubjectKind::room, room);
  return reply;
}

Reply join_room(const Context& context) {
  auto& [db, request, caller, hub] = context;
  const auto room = access_room(db, request.room, caller.user);
  if (room.member)
    throw Refusal(Error::ALREADY_MEMBER, "you are a member of room " + std::to_string(room.id));
  if (room.kind == RoomKind::direct)
    throw Refusal(Error::DIRECT_ROOM, "a direct conversation can't be joined");
  if (room.kind == RoomKind::closed) {
    throw Refusal(Error::ROOM_PRIVATE, "the room is private; accept an invitation to join");
  }
  const auto members = count_members(db, room.id);
  db.run("INSERT INTO members(room_id, user_id, role, joined) VALUES (?,?,?,?)", room.id,
         caller.user, std::int64_t{members == 0}, now_ms());
  Reply reply;
  reply.fields = {{"room_id", room.id}, {"members", members + 1}};
  reply.joined.emplace_back(room.id, caller.user);
  reply.named = {room.id, room.name};
  reply.push_room(
      room.id,
      {{"event", "joined"}, {"room_id", room.id}, {"user_id", caller.user}, {"user", caller.name}});
  return reply;
}

Reply leave_room(const Context& context) {
  auto& [db, request, caller, hub] = context;
  const auto room = require_member(db, request.room, caller.user);
  if (room.kind == RoomKind::direct)
    throw Refusal(Error::DIRECT_ROOM, "a direct conversation can't be left");
  db.run("DELETE FROM members WHERE room_id = ? AND user_id = ?", room.id, caller.user);
  if (room.owner) {
    db.run(
        "UPDATE members SET role = 1 WHERE room_id = ?1 AND user_id = "
        "(SELECT user_id FROM members WHERE room_id = ?1 ORDER BY joined, user_id LIMIT 1)",
        room.id);
    audit(db, request.op, {"owner_left", caller.user, room.id, caller.address, room.name});
  }
  Reply reply;
  reply.fields["room_id"] = room.id;
  reply.push_room(
      room.id,
      {{"event", "left"}, {"room_id", room.id}, {"user_id", caller.user}, {"user", caller.name}});
  reply.parted.emplace_back(room.id, caller.user);
  return reply;
}

Reply list_rooms(const Context& context) {
  auto& [db, request, caller, hub] = context;
  // A private room is listed for its members only. Direct conversations (kind 2) are never listed.
  auto query = db.query(
      "SELECT r.id, r.name, r.topic, r.kind, me.user_id IS NOT NULL, "
      "(SELECT count(*) FROM members c WHERE c.room_id = r.id) "
      "FROM rooms r LEFT JOIN members me ON me.room_id = r.id AND me.user_id = ?1 "
      "WHERE r.id > ?2 AND r.kind < 2 AND (me.user_id IS NOT NULL OR (r.kind = 0 AND NOT ?3)) "
      "ORDER BY r.id LIMIT ?4",
      caller.user, request.after, std::int64_t{request.mine}, request.limit);
  Json rooms = Json::array();
  while (query.row()) {
    rooms.push_back({{"room_id", query.integer(0)},
                     {"name", query.text(1)},
                     {"topic", query.text(2)},
                     {"private", query.integer(3) == static_cast<std::int64_t>(RoomKind::closed)},
                     {"member", query.integer(4) != 0},
                     {"members", query.integer(5)}});
  }
  Reply reply;
  reply.fields["rooms"] = std::move(rooms);
  return reply;
}

}  // namespace chatd
