#include <chrono>

#include "tools/chat/commands/handlers.h"

namespace chatd {
namespace {

SharedLine line_of(const Json& event) {
  auto text =
      std::make_shared<std::string>(event.dump(-1, ' ', false, Json::error_handler_t::replace));
  *text += '\n';
  return text;
}

}  // namespace

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void Reply::push_room(std::int64_t room, const Json& event) {
  pushes.push_back({false, room, line_of(event)});
}
void Reply::push_user(std::int64_t user, const Json& event) {
  pushes.push_back({true, user, line_of(event)});
}

RoomAccess access_room(Connection& db, std::int64_t room, std::int64_t user) {
  auto query = db.query(
      "SELECT r.kind, r.name, m.role FROM rooms r LEFT JOIN members m ON m.room_id = r.id AND "
      "m.user_id = ?2 "
      "WHERE r.id = ?1",
      room, user);
  if (!query.row())
    throw Refusal(Error::ROOM_NOT_FOUND, "there is no room " + std::to_string(room));
  return {room, static_cast<RoomKind>(query.integer(0)), query.text(1), !query.null(2),
          query.integer(2) == 1};
}

RoomAccess require_member(Connection& db, std::int64_t room, std::int64_t user) {
  RoomAccess access = access_room(db, room, user);
  if (!access.member) {
    throw Refusal(Error::NOT_A_MEMBER, "you are not a member of room " + std::to_string(room));
  }
  return access;
}

MessageAccess access_message(Connection& db, std::int64_t message, std::int64_t user,
                             bool deleted_too) {
  auto query = db.query(
      "SELECT m.room_id, m.user_id, m.parent_id, m.deleted, me.role FROM messages m "
      "LEFT JOIN members me ON me.room_id = m.room_id AND me.user_id = ?2 WHERE m.id = ?1",
      message, user);
  if (!query.row())
    throw Refusal(Error::MESSAGE_NOT_FOUND, "there is no message " + std::to_string(message));
  MessageAccess access{message,
                       query.integer(0),
                       query.integer(1),
                       query.null(2) ? message : query.integer(2),
                       query.integer(3) != 0,
                       query.integer(4) == 1};
  if (query.null(4)) {
    throw Refusal(Error::NOT_A_MEMBER,
                  "you are not a member of the room of message " + std::to_string(message));
  }
  if (access.deleted && !deleted_too) {
    throw Refusal(Error::MESSAGE_DELETED, "message " + std::to_string(message) + " was deleted");
  }
  return access;
}

std::optional<std::int64_t> user_id(Connection& db, std::string_view name) {
  auto query = db.query("SELECT id FROM users WHERE name = ?", name);
  if (!query.row()) return std::nullopt;
  return query.integer(0);
}

std::int64_t count_members(Connection& db, std::int64_t room) {
  auto query = db.query("SELECT count(*) FROM members WHERE room_id = ?", room);
  return query.row() ? query.integer(0) : 0;
}

Json messages_of(Query& query) {
  Json list = Json::array();
  while (query.row()) {
    Json entry = {{"message_id", query.integer(0)}, {"room_id", query.integer(1)},
                  {"user_id", query.integer(2)},    {"user", query.text(3)},
                  {"text", query.text(4)},          {"ts", query.integer(5)}};
    if (!query.null(6)) entry["parent"] = query.integer(6);
    if (query.integer(7) != 0) entry["edited"] = query.integer(7);
    if (query.integer(8) != 0) entry["deleted"] = true;
    list.push_back(std::move(entry));
  }
  return list;
}

Reply handle(const Context& context) {
  switch (context.request.op) {
    case Op::CREATE_ROOM: return create_room(context);
    case Op::JOIN_ROOM: return join_room(context);
    case Op::LEAVE_ROOM: return leave_room(context);
    case Op::LIST_ROOMS: return list_rooms(context);
    case Op::SEND_MESSAGE: return send_message(context);
    case Op::DIRECT_MESSAGE: return direct_message(context);
    case Op::EDIT_MESSAGE: return edit_message(context);
    case Op::DELETE_MESSAGE: return delete_message(context);
    case Op::INVITE_USER: return invite_user(context);
    case Op::ACCEPT_INVITATION: return answer_invitation(context, true);
    case Op::DECLINE_INVITATION: return answer_invitation(context, false);
    case Op::LIST_INVITATIONS: return list_invitations(context);
    case Op::REQUEST_USER_LIST: return request_user_list(context);
    case Op::MESSAGE_REACTIONS: return message_reactions(context);
    case Op::MESSAGE_SEARCH: return message_search(context);
    case Op::MESSAGE_HISTORY: return message_history(context);
    case Op::THREADED_REPLIES: return threaded_replies(context);
    case Op::AUTHENTICATION:
    case Op::REGISTRATION: break;  // they take several steps: see service.cpp
  }
  throw std::logic_error("an operation without a handler");
}

}  // namespace chatd
