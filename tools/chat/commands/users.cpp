// REQUEST_USER_LIST, and the database's part of REGISTRATION and AUTHENTICATION.
#include "tools/chat/commands/handlers.h"
#include "tools/chat/security/passwords.h"

namespace chatd {
namespace {

constexpr std::int64_t kTokenLifeMs = std::int64_t{30} * 24 * 3600 * 1000;

void refuse_suspended(Connection& db, std::int64_t user) {
  auto query = db.query("SELECT suspended_until FROM users WHERE id = ?", user);
  if (query.row() && query.integer(0) > now_ms()) {
    throw Refusal(Error::USER_SUSPENDED,
                  "the user is suspended until " + std::to_string(query.integer(0)));
  }
}

std::vector<std::int64_t> rooms_of(Connection& db, std::int64_t user) {
  std::vector<std::int64_t> rooms;
  auto query = db.query("SELECT room_id FROM members WHERE user_id = ? ORDER BY room_id", user);
  while (query.row()) rooms.push_back(query.integer(0));
  return rooms;
}

Reply logged_in(Connection& db, const Account& account, std::int64_t expires,
                const std::string& address) {
  Reply reply;
  auto rooms = rooms_of(db, account.id);
  reply.fields = {
      {"user_id", account.id}, {"user", account.name}, {"expires", expires}, {"rooms", rooms}};
  reply.login.emplace(Caller{account.id, account.name, address}, std::move(rooms));
  return reply;
}

}  // namespace

Reply request_user_list(const Context& context) {
  auto& [db, request, caller, hub] = context;
  Json users = Json::array();
  const auto entry = [&hub = hub](Query& query) {
    return Json{{"user_id", query.integer(0)},
                {"user", query.text(1)},
                {"online", hub.online(query.integer(0))}};
  };
  if (request.has(Field::room)) {
    require_member(db, request.room, caller.user);
    auto query = db.query(
        "SELECT u.id, u.name, m.role FROM members m JOIN users u ON u.id = m.user_id "
        "WHERE m.room_id = ? AND m.user_id > ? ORDER BY m.user_id LIMIT ?",
        request.room, request.after, request.limit);
    while (query.row()) {
      users.push_back(entry(query));
      users.back()["role"] = query.integer(2) == 1 ? "owner" : "member";
    }
  } else {
    auto query = db.query("SELECT id, name FROM users WHERE id > ? ORDER BY id LIMIT ?",
                          request.after, request.limit);
    while (query.row()) users.push_back(entry(query));
  }
  Reply reply;
  reply.fields["users"] = std::move(users);
  return reply;
}

std::optional<Account> find_account(Connection& db, std::string_view name) {
  auto query = db.query("SELECT id, name, password FROM users WHERE name = ?", name);
  if (!query.row()) return std::nullopt;
  return Account{query.integer(0), query.text(1), query.text(2)};
}

Reply register_user(Connection& db, const Request& request, const std::string& password_hash,
                    const std::string& address) {
  if (user_id(db, request.user)) throw Refusal(Error::USER_EXISTS, "the name is taken");
  db.run("INSERT INTO users(name, password, created) VALUES (?,?,?)", request.user, password_hash,
         now_ms());
  const auto user = db.last_id();
  audit(db, Op::REGISTRATION, {"registered", user, 0, address, request.user});
  Reply reply;
  reply.fields["user_id"] = user;
  reply.about(trace::SubjectKind::user, user);
  return reply;
}

Reply open_session(Connection& db, const Account& account, const std::string& token,
                   const std::string& address) {
  refuse_suspended(db, account.id);
  const auto now = now_ms();
  const auto expires = now + kTokenLifeMs;
  // Each login deletes the expired tokens. So there is no clean-up thread, and the table stays as
  // small as the logins of 30 days.
  db.run("DELETE FROM sessions WHERE expires < ?", now);
  db.run("INSERT INTO sessions(token_hash, user_id, created, expires) VALUES (?,?,?,?)",
         hash_token(token), account.id, now, expires);
  audit(db, Op::AUTHENTICATION, {"login", account.id, 0, address, ""});
  Reply reply = logged_in(db, account, expires, address);
  reply.fields["token"] = token;
  return reply;
}

Reply resume_session(Connection& db, const std::string& token, const std::string& address) {
  Account account;
  std::int64_t expires = 0;
  {
    auto query = db.query(
        "SELECT u.id, u.name, s.expires FROM sessions s JOIN users u ON u.id = s.user_id WHERE "
        "s.token_hash = ?",
        hash_token(token));
    if (!query.row() || query.integer(2) < now_ms()) {
      throw Refusal(Error::TOKEN_REJECTED,
                    "the token is unknown or expired; log in with user and password");
    }
    account.id = query.integer(0);
    account.name = query.text(1);
    expires = query.integer(2);
  }
  refuse_suspended(db, account.id);
  audit(db, Op::AUTHENTICATION, {"login_by_token", account.id, 0, address, ""});
  return logged_in(db, account, expires, address);
}

}  // namespace chatd
