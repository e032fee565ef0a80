// MESSAGE_REACTIONS, MESSAGE_SEARCH, MESSAGE_HISTORY, THREADED_REPLIES.
#include <limits>

#include "tools/chat/commands/handlers.h"

namespace chatd {

Reply message_reactions(const Context& context) {
  auto& [db, request, caller, hub] = context;
  const auto message = access_message(db, request.message, caller.user);
  const bool adds = request.has(Field::add);
  const std::string& reaction = adds ? request.add : request.remove;
  Reply reply;
  if (adds) {
    const auto added = db.run(
        "INSERT INTO reactions(message_id, reaction, user_id, created) VALUES (?,?,?,?) ON "
        "CONFLICT DO NOTHING",
        message.id, reaction, caller.user, now_ms());
    if (added == 0) throw Refusal(Error::ALREADY_REACTED, "you reacted so before");
  } else if (request.has(Field::remove)) {
    const auto removed =
        db.run("DELETE FROM reactions WHERE message_id = ? AND reaction = ? AND user_id = ?",
               message.id, reaction, caller.user);
    if (removed == 0) throw Refusal(Error::REACTION_NOT_FOUND, "you did not react so");
  }
  if (!reaction.empty()) {
    reply.push_room(message.room, {{"event", "reaction"},
                                   {"room_id", message.room},
                                   {"message_id", message.id},
                                   {"user_id", caller.user},
                                   {"reaction", reaction},
                                   {"added", adds}});
  }
  auto query = db.query(
      "SELECT reaction, count(*), max(user_id = ?2) FROM reactions WHERE message_id = ?1 GROUP BY "
      "reaction "
      "ORDER BY reaction LIMIT 100",
      message.id, caller.user);
  Json reactions = Json::array();
  while (query.row()) {
    reactions.push_back({{"reaction", query.text(0)},
                         {"count", query.integer(1)},
                         {"mine", query.integer(2) != 0}});
  }
  reply.fields = {{"message_id", message.id}, {"reactions", std::move(reactions)}};
  return reply;
}

Reply message_search(const Context& context) {
  auto& [db, request, caller, hub] = context;
  if (request.has(Field::room)) require_member(db, request.room, caller.user);
  // CROSS JOIN fixes the order of the tables. SQLite walks the index from the newest match and
  // stops at the limit.
  auto query = db.query(
      "SELECT " CHATD_MESSAGE_COLUMNS
      " FROM messages_fts f CROSS JOIN messages m ON m.id = f.rowid "
      "CROSS JOIN members me ON me.room_id = m.room_id AND me.user_id = ?2 CROSS JOIN users u ON "
      "u.id = m.user_id "
      "WHERE messages_fts MATCH ?1 AND (?3 = 0 OR m.room_id = ?3) ORDER BY f.rowid DESC LIMIT ?4",
      request.query, caller.user, request.room, request.limit);
  Reply reply;
  reply.fields["messages"] = messages_of(query);
  return reply;
}

Reply message_history(const Context& context) {
  auto& [db, request, caller, hub] = context;
  const auto room = require_member(db, request.room, caller.user);
  const auto before =
      request.has(Field::before) ? request.before : std::numeric_limits<std::int64_t>::max();
  auto query = db.query("SELECT " CHATD_MESSAGE_COLUMNS
                        " FROM messages m JOIN users u ON u.id = m.user_id "
                        "WHERE m.room_id = ? AND m.id < ? ORDER BY m.id DESC LIMIT ?",
                        room.id, before, request.limit);
  Reply reply;
  reply.fields["messages"] = messages_of(query);
  return reply;
}

Reply threaded_replies(const Context& context) {
  auto& [db, request, caller, hub] = context;
  Reply reply;
  if (!request.has(Field::text)) {
    const auto message = access_message(db, request.message, caller.user, true);
    auto query = db.query("SELECT " CHATD_MESSAGE_COLUMNS
                          " FROM messages m JOIN users u ON u.id = m.user_id "
                          "WHERE m.parent_id = ? AND m.id > ? ORDER BY m.id LIMIT ?",
                          message.thread, request.after, request.limit);
    reply.fields = {{"parent", message.thread}, {"messages", messages_of(query)}};
    return reply;
  }
  const auto message = access_message(db, request.message, caller.user);
  const auto ts = now_ms();
  db.run("INSERT INTO messages(room_id, user_id, parent_id, text, created) VALUES (?,?,?,?,?)",
         message.room, caller.user, message.thread, request.text, ts);
  const auto id = db.last_id();
  reply.fields = {{"message_id", id}, {"parent", message.thread}, {"ts", ts}};
  reply.push_room(message.room, {{"event", "reply"},
                                 {"room_id", message.room},
                                 {"message_id", id},
                                 {"parent", message.thread},
                                 {"user_id", caller.user},
                                 {"user", caller.name},
                                 {"text", request.text},
                                 {"ts", ts}});
  return reply;
}

}  // namespace chatd
