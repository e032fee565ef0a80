// SEND_MESSAGE, DIRECT_MESSAGE, EDIT_MESSAGE, DELETE_MESSAGE.
#include <algorithm>

#include "tools/chat/commands/handlers.h"

namespace chatd {

using trace::SubjectKind;

namespace {

// Stores a message and pushes it to its room.
Reply post(const Context& context, std::int64_t room, const char* event) {
  const auto ts = now_ms();
  context.db.run("INSERT INTO messages(room_id, user_id, text, created) VALUES (?,?,?,?)", room,
                 context.caller.user, context.request.text, ts);
  const auto message = context.db.last_id();
  Reply reply;
  reply.fields = {{"message_id", message}, {"ts", ts}};
  reply.push_room(room, {{"event", event},
                         {"room_id", room},
                         {"message_id", message},
                         {"user_id", context.caller.user},
                         {"user", context.caller.name},
                         {"text", context.request.text},
                         {"ts", ts}});
  return reply;
}

}  // namespace

Reply send_message(const Context& context) {
  const auto room = require_member(context.db, context.request.room, context.caller.user);
  return post(context, room.id, "message");
}

Reply direct_message(const Context& context) {
  auto& [db, request, caller, hub] = context;
  const auto other = user_id(db, request.user);
  if (!other) throw Refusal(Error::USER_NOT_FOUND, "there is no user \"" + request.user + "\"");
  if (*other == caller.user) throw Refusal(Error::SELF_TARGET, "a message to oneself");

  const auto key = std::to_string(std::min(*other, caller.user)) + ":" +
                   std::to_string(std::max(*other, caller.user));
  std::int64_t room = 0;
  {
    auto known = db.query("SELECT id FROM rooms WHERE direct_key = ?", key);
    if (known.row()) room = known.integer(0);
  }
  const bool created = room == 0;
  if (created) {
    db.run("INSERT INTO rooms(kind, direct_key, created) VALUES (2,?,?)", key, now_ms());
    room = db.last_id();
    for (const auto user : {caller.user, *other}) {
      db.run("INSERT INTO members(room_id, user_id, role, joined) VALUES (?,?,0,?)", room, user,
             now_ms());
    }
  }
  Reply reply = post(context, room, "direct_message");
  reply.fields["room_id"] = room;
  if (created) {
    for (const auto user : {caller.user, *other}) reply.joined.emplace_back(room, user);
  }
  reply.about(SubjectKind::user, *other);
  return reply;
}

Reply edit_message(const Context& context) {
  auto& [db, request, caller, hub] = context;
  const auto message = access_message(db, request.message, caller.user);
  if (message.author != caller.user)
    throw Refusal(Error::NOT_AUTHOR, "only its author edits a message");
  const auto edited = now_ms();
  db.run("UPDATE messages SET text = ?, edited = ? WHERE id = ?", request.text, edited, message.id);
  Reply reply;
  reply.fields = {{"message_id", message.id}, {"edited", edited}};
  reply.push_room(message.room, {{"event", "edited"},
                                 {"room_id", message.room},
                                 {"message_id", message.id},
                                 {"text", request.text},
                                 {"edited", edited}});
  return reply;
}

Reply delete_message(const Context& context) {
  auto& [db, request, caller, hub] = context;
  const auto message = access_message(db, request.message, caller.user);
  if (message.author != caller.user && !message.owner) {
    throw Refusal(Error::NOT_AUTHOR, "only its author or the room's owner deletes a message");
  }
  db.run("UPDATE messages SET text = '', deleted = 1 WHERE id = ?", message.id);
  db.run("DELETE FROM reactions WHERE message_id = ?", message.id);
  if (message.author != caller.user) {
    audit(db, request.op,
          {"message_removed_by_owner", caller.user, message.id, caller.address, ""});
  }
  Reply reply;
  reply.fields["message_id"] = message.id;
  reply.push_room(message.room,
                  {{"event", "deleted"}, {"room_id", message.room}, {"message_id", message.id}});
  return reply;
}

}  // namespace chatd
