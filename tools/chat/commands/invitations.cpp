// INVITE_USER, ACCEPT_INVITATION, DECLINE_INVITATION, LIST_INVITATIONS.
#include "tools/chat/commands/handlers.h"

namespace chatd {

using trace::SubjectKind;

Reply invite_user(const Context& context) {
  auto& [db, request, caller, hub] = context;
  const auto room = require_member(db, request.room, caller.user);
  if (room.kind == RoomKind::direct)
    throw Refusal(Error::DIRECT_ROOM, "a direct conversation takes no third");
  if (room.kind == RoomKind::closed && !room.owner) {
    throw Refusal(Error::NOT_OWNER, "only the owner of a private room invites");
  }
  const auto invitee = user_id(db, request.user);
  if (!invitee) throw Refusal(Error::USER_NOT_FOUND, "there is no user \"" + request.user + "\"");
  if (*invitee == caller.user) throw Refusal(Error::SELF_TARGET, "an invitation to oneself");
  if (access_room(db, room.id, *invitee).member) {
    throw Refusal(Error::ALREADY_MEMBER,
                  "\"" + request.user + "\" is a member of room " + std::to_string(room.id));
  }
  {
    auto open =
        db.query("SELECT id FROM invitations WHERE invitee = ? AND room_id = ? AND state = 0",
                 *invitee, room.id);
    if (open.row())
      throw Refusal(Error::ALREADY_INVITED,
                    "invitation " + std::to_string(open.integer(0)) + " is open");
  }
  db.run("INSERT INTO invitations(room_id, inviter, invitee, created) VALUES (?,?,?,?)", room.id,
         caller.user, *invitee, now_ms());
  const auto invitation = db.last_id();
  if (room.kind == RoomKind::closed) {
    audit(db, request.op,
          {"private_room_invitation", caller.user, room.id, caller.address, request.user});
  }
  Reply reply;
  reply.fields["invitation_id"] = invitation;
  reply.push_user(*invitee, {{"event", "invitation"},
                             {"invitation_id", invitation},
                             {"room_id", room.id},
                             {"room", room.name},
                             {"from", caller.name}});
  return reply;
}

Reply answer_invitation(const Context& context, bool accept) {
  auto& [db, request, caller, hub] = context;
  std::int64_t room = 0;
  {
    auto query = db.query("SELECT room_id, invitee, state FROM invitations WHERE id = ?",
                          request.invitation);
    if (!query.row()) {
      throw Refusal(Error::INVITATION_NOT_FOUND,
                    "there is no invitation " + std::to_string(request.invitation));
    }
    if (query.integer(1) != caller.user)
      throw Refusal(Error::NOT_INVITED, "the invitation is another user's");
    if (query.integer(2) != 0)
      throw Refusal(Error::INVITATION_CLOSED, "the invitation was answered before");
    room = query.integer(0);
  }
  db.run("UPDATE invitations SET state = ? WHERE id = ?", std::int64_t{accept ? 1 : 2},
         request.invitation);
  Reply reply;
  reply.about(SubjectKind::room, room);
  reply.fields["room_id"] = room;
  if (!accept) return reply;

  // A user who has joined the public room meanwhile may still accept: that closes the invitation.
  const bool member = access_room(db, room, caller.user).member;
  if (!member) {
    const bool empty = count_members(db, room) == 0;
    db.run("INSERT INTO members(room_id, user_id, role, joined) VALUES (?,?,?,?)", room,
           caller.user, std::int64_t{empty}, now_ms());
    reply.joined.emplace_back(room, caller.user);
    reply.push_room(
        room,
        {{"event", "joined"}, {"room_id", room}, {"user_id", caller.user}, {"user", caller.name}});
  }
  reply.fields["members"] = count_members(db, room);
  return reply;
}

Reply list_invitations(const Context& context) {
  auto& [db, request, caller, hub] = context;
  auto query = db.query(
      "SELECT i.id, i.room_id, r.name, u.name, i.created FROM invitations i JOIN rooms r ON r.id = "
      "i.room_id "
      "JOIN users u ON u.id = i.inviter WHERE i.invitee = ? AND i.state = 0 ORDER BY i.id LIMIT "
      "100",
      caller.user);
  Json invitations = Json::array();
  while (query.row()) {
    invitations.push_back({{"invitation_id", query.integer(0)},
                           {"room_id", query.integer(1)},
                           {"room", query.text(2)},
                           {"from", query.text(3)},
                           {"ts", query.integer(4)}});
  }
  Reply reply;
  reply.fields["invitations"] = std::move(invitations);
  return reply;
}

}  // namespace chatd
