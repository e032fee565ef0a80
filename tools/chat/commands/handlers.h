// The handlers: what a request does inside its transaction. A handler checks authorisation, reads
// and writes, and says what is pushed to whom afterwards. It knows no socket and no thread. It may
// run more than once (see storage/store.h). It throws Refusal to refuse.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/chat/net/hub.h"
#include "tools/chat/net/request.h"
#include "tools/chat/storage/sqlite.h"
#include "tools/chat/trace.h"

namespace chatd {

struct Caller {
  std::int64_t user = 0;  // 0: not logged in
  std::string name;
  std::string address;
};

struct Push {
  bool to_user = false;  // else to a room
  std::int64_t target = 0;
  SharedLine line;
};

struct Reply {
  Json fields = Json::object();
  // These four are applied in this order after the commit.
  std::optional<std::pair<Caller, std::vector<std::int64_t>>> login;  // new user, and their rooms
  std::vector<std::pair<std::int64_t, std::int64_t>> joined;          // room, user
  std::vector<Push> pushes;
  std::vector<std::pair<std::int64_t, std::int64_t>> parted;          // room, user
  std::optional<std::pair<std::int64_t, std::string>> named;         // a room and its name
  trace::SubjectKind subject_kind = trace::SubjectKind::none;
  std::int64_t subject = 0;

  void about(trace::SubjectKind kind, std::int64_t id) {
    subject_kind = kind;
    subject = id;
  }
  void push_room(std::int64_t room, const Json& event);
  void push_user(std::int64_t user, const Json& event);
};

struct Context {
  Connection& db;
  const Request& request;
  const Caller& caller;
  const Hub& hub;
};

std::int64_t now_ms();

// Runs the handler of any operation that needs a login.
Reply handle(const Context& context);

// rooms.cpp
Reply create_room(const Context& context);
Reply join_room(const Context& context);
Reply leave_room(const Context& context);
Reply list_rooms(const Context& context);
// messages.cpp
Reply send_message(const Context& context);
Reply direct_message(const Context& context);
Reply edit_message(const Context& context);
Reply delete_message(const Context& context);
// invitations.cpp
Reply invite_user(const Context& context);
Reply answer_invitation(const Context& context, bool accept);
Reply list_invitations(const Context& context);
// advanced.cpp
Reply message_reactions(const Context& context);
Reply message_search(const Context& context);
Reply message_history(const Context& context);
Reply threaded_replies(const Context& context);
// users.cpp
Reply request_user_list(const Context& context);

struct Account {
  std::int64_t id = 0;
  std::string name;
  std::string password_hash;
};
std::optional<Account> find_account(Connection& db, std::string_view name);
Reply register_user(Connection& db, const Request& request, const std::string& password_hash,
                    const std::string& address);
Reply open_session(Connection& db, const Account& account, const std::string& token,
                   const std::string& address);
// Throws TOKEN_REJECTED.
Reply resume_session(Connection& db, const std::string& token, const std::string& address);

// audit.cpp: one row of the audit log, written in the caller's transaction.
struct AuditRow {
  std::string action;
  std::int64_t actor = 0;    // a user; 0 unknown
  std::int64_t subject = 0;  // its meaning depends on the action
  std::string address;
  std::string detail;
};
void audit(Connection& db, Op op, const AuditRow& row);

// access.cpp: the questions that authorisation asks.
enum class RoomKind : std::int64_t { open = 0, closed = 1, direct = 2 };

struct RoomAccess {
  std::int64_t id = 0;
  RoomKind kind = RoomKind::open;
  std::string name;
  bool member = false;
  bool owner = false;
};
// Throws ROOM_NOT_FOUND.
RoomAccess access_room(Connection& db, std::int64_t room, std::int64_t user);
// Throws ROOM_NOT_FOUND and NOT_A_MEMBER.
RoomAccess require_member(Connection& db, std::int64_t room, std::int64_t user);

struct MessageAccess {
  std::int64_t id = 0, room = 0, author = 0;
  std::int64_t thread = 0;  // the message that begins the thread: this one, or its parent
  bool deleted = false;
  bool owner = false;  // the caller owns the room
};
// Throws MESSAGE_NOT_FOUND and NOT_A_MEMBER, and MESSAGE_DELETED unless `deleted_too` is true.
MessageAccess access_message(Connection& db, std::int64_t message, std::int64_t user,
                             bool deleted_too = false);

std::optional<std::int64_t> user_id(Connection& db, std::string_view name);
std::int64_t count_members(Connection& db, std::int64_t room);

// Columns m.id, m.room_id, m.user_id, u.name, m.text, m.created, m.parent_id, m.edited, m.deleted.
#define CHATD_MESSAGE_COLUMNS \
  "m.id, m.room_id, m.user_id, u.name, m.text, m.created, m.parent_id, m.edited, m.deleted"
Json messages_of(Query& query);

}  // namespace chatd
