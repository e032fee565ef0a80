// Who may do what. Each refusal of authorisation leaves nothing behind.
#include "tests/unit/tools/chat/harness.h"

using namespace chat_test;

namespace {

struct Stage {
  TestServer server{[](auto& options) { options.service.guard.suspend_after = 0; }};
  Client owner{server}, member{server}, stranger{server};
  std::int64_t open = 0, closed = 0, direct = 0, message = 0;

  Stage() {
    owner.enter("owner");
    member.enter("member");
    stranger.enter("stranger");
    open = owner.must("CREATE_ROOM", {{"name", "open"}})["room_id"].get<std::int64_t>();
    closed = owner.must("CREATE_ROOM", {{"name", "closed"}, {"private", true}})["room_id"]
                 .get<std::int64_t>();
    member.must("JOIN_ROOM", {{"room", open}});
    message = owner.must("SEND_MESSAGE", {{"room", open}, {"text", "secret"}})["message_id"]
                  .get<std::int64_t>();
    direct = owner.must("DIRECT_MESSAGE", {{"user", "member"}, {"text", "secret"}})["room_id"]
                 .get<std::int64_t>();
  }
};

}  // namespace

TEST_CASE("ChatAccess: nothing but registration and login works without a login") {
  TestServer server;
  Client client(server);
  for (const auto name : chatd::kOpNames) {
    const auto op = *chatd::find_op(name);
    if (!chatd::needs_login(op)) continue;
    // Fields for all operations. An operation ignores the fields that it does not know.
    const Json fields = {{"room", 1},       {"text", "x"}, {"message", 1}, {"invitation", 1},
                         {"user", "alice"}, {"name", "x"}, {"query", "x"}};
    INFO(name);
    CHECK(client.error(std::string(name), fields) == Error::NOT_AUTHENTICATED);
  }
}

TEST_CASE("ChatAccess: strangers neither read nor write a room") {
  Stage stage;
  auto& [server, owner, member, stranger, open, closed, direct, message] = stage;
  for (const auto room : {open, closed, direct}) {
    CHECK(stranger.error("SEND_MESSAGE", {{"room", room}, {"text", "x"}}) == Error::NOT_A_MEMBER);
    CHECK(stranger.error("MESSAGE_HISTORY", {{"room", room}}) == Error::NOT_A_MEMBER);
    CHECK(stranger.error("MESSAGE_SEARCH", {{"query", "secret"}, {"room", room}}) ==
          Error::NOT_A_MEMBER);
    CHECK(stranger.error("REQUEST_USER_LIST", {{"room", room}}) == Error::NOT_A_MEMBER);
    CHECK(stranger.error("LEAVE_ROOM", {{"room", room}}) == Error::NOT_A_MEMBER);
    CHECK(stranger.error("INVITE_USER", {{"room", room}, {"user", "member"}}) ==
          Error::NOT_A_MEMBER);
  }
  CHECK(stranger.must("MESSAGE_SEARCH", {{"query", "secret"}})["messages"].empty());
  CHECK(stranger.error("EDIT_MESSAGE", {{"message", message}, {"text", "x"}}) ==
        Error::NOT_A_MEMBER);
  CHECK(stranger.error("DELETE_MESSAGE", {{"message", message}}) == Error::NOT_A_MEMBER);
  CHECK(stranger.error("MESSAGE_REACTIONS", {{"message", message}, {"add", "x"}}) ==
        Error::NOT_A_MEMBER);
  CHECK(stranger.error("THREADED_REPLIES", {{"message", message}}) == Error::NOT_A_MEMBER);
  CHECK(stranger.error("THREADED_REPLIES", {{"message", message}, {"text", "x"}}) ==
        Error::NOT_A_MEMBER);
  CHECK(owner.must("MESSAGE_HISTORY", {{"room", open}})["messages"].size() == 1);
}

TEST_CASE("ChatAccess: private rooms are seen and joined by invitation only") {
  Stage stage;
  auto& [server, owner, member, stranger, open, closed, direct, message] = stage;
  CHECK(member.error("JOIN_ROOM", {{"room", closed}}) == Error::ROOM_PRIVATE);
  CHECK(member.must("LIST_ROOMS")["rooms"].size() == 1);
  CHECK(owner.must("LIST_ROOMS")["rooms"].size() == 2);
  CHECK(stranger.must("LIST_ROOMS", {{"mine", true}})["rooms"].empty());
  const auto invitation =
      owner.must("INVITE_USER", {{"room", closed}, {"user", "member"}})["invitation_id"];
  CHECK(stranger.error("ACCEPT_INVITATION", {{"invitation", invitation}}) == Error::NOT_INVITED);
  CHECK(stranger.error("DECLINE_INVITATION", {{"invitation", invitation}}) == Error::NOT_INVITED);
  member.must("ACCEPT_INVITATION", {{"invitation", invitation}});
  CHECK(member.error("INVITE_USER", {{"room", closed}, {"user", "stranger"}}) == Error::NOT_OWNER);
}

TEST_CASE("ChatAccess: direct conversations are for two") {
  Stage stage;
  auto& [server, owner, member, stranger, open, closed, direct, message] = stage;
  CHECK(stranger.error("JOIN_ROOM", {{"room", direct}}) == Error::DIRECT_ROOM);
  CHECK(member.error("LEAVE_ROOM", {{"room", direct}}) == Error::DIRECT_ROOM);
  CHECK(member.error("INVITE_USER", {{"room", direct}, {"user", "stranger"}}) ==
        Error::DIRECT_ROOM);
}

TEST_CASE("ChatAccess: authors edit, authors and owners delete, owners pass the room on") {
  Stage stage;
  auto& [server, owner, member, stranger, open, closed, direct, message] = stage;
  CHECK(member.error("EDIT_MESSAGE", {{"message", message}, {"text", "x"}}) == Error::NOT_AUTHOR);
  CHECK(member.error("DELETE_MESSAGE", {{"message", message}}) == Error::NOT_AUTHOR);
  const auto theirs = member.must("SEND_MESSAGE", {{"room", open}, {"text", "x"}})["message_id"];
  CHECK(owner.error("EDIT_MESSAGE", {{"message", theirs}, {"text", "y"}}) == Error::NOT_AUTHOR);
  owner.must("DELETE_MESSAGE", {{"message", theirs}});
  owner.must("LEAVE_ROOM", {{"room", open}});
  CHECK(owner.error("SEND_MESSAGE", {{"room", open}, {"text", "x"}}) == Error::NOT_A_MEMBER);
  CHECK(member.must("REQUEST_USER_LIST", {{"room", open}})["users"][0]["role"] == "owner");
  RawDatabase raw(server.file());
  CHECK(raw.number("SELECT count(*) FROM audit_log WHERE action = 'message_removed_by_owner'") ==
        1);
  CHECK(raw.number("SELECT count(*) FROM audit_log WHERE action = 'owner_left'") == 1);
}

TEST_CASE("ChatAccess: who left a room gets nothing of it any more") {
  Stage stage;
  auto& [server, owner, member, stranger, open, closed, direct, message] = stage;
  member.must("LEAVE_ROOM", {{"room", open}});
  owner.must("SEND_MESSAGE", {{"room", open}, {"text", "behind your back"}});
  owner.must("DIRECT_MESSAGE", {{"user", "member"}, {"text", "marker"}});
  for (;;) {
    const Json line = member.line();
    REQUIRE(line.is_object());
    CHECK(line.value("text", "") != "behind your back");
    if (line.value("text", "") == "marker") break;
  }
}

TEST_CASE(
    "ChatAccess: a room's pushes come in the order of its messages, to every connection but the "
    "sender's") {
  TestServer server;
  Client reader(server), second(server), first_writer(server), second_writer(server);
  reader.enter("reader");
  const auto room = reader.must("CREATE_ROOM", {{"name", "lobby"}})["room_id"];
  second.must("AUTHENTICATION", {{"token", reader.token()}});
  for (Client* writer : {&first_writer, &second_writer}) {
    writer->enter(writer == &first_writer ? "writer1" : "writer2");
    writer->must("JOIN_ROOM", {{"room", room}});
  }
  constexpr int kEach = 300;
  const auto write = [&](Client& writer) {
    for (int i = 0; i < kEach; ++i) writer.request("SEND_MESSAGE", {{"room", room}, {"text", "x"}});
    for (int i = 0; i < kEach; ++i) writer.answer();
  };
  std::thread a([&] { write(first_writer); }), b([&] { write(second_writer); });
  for (Client* client : {&reader, &second}) {
    std::int64_t last = 0;
    int disorder = 0;
    for (int i = 0; i < 2 * kEach; ++i) {
      const auto id = client->push("message")["message_id"].get<std::int64_t>();
      disorder += id <= last;
      last = id;
    }
    CHECK(disorder == 0);
  }
  a.join();
  b.join();
}

TEST_CASE("ChatAccess: logins by password and by token, and what is refused") {
  TestServer server;
  Client client(server), other(server);
  client.enter("alice");
  CHECK(other.error("AUTHENTICATION", {{"user", "alice"}, {"password", "wrong password"}}) ==
        Error::LOGIN_FAILED);
  CHECK(other.error("AUTHENTICATION", {{"user", "nobody"}, {"password", "correct horse"}}) ==
        Error::LOGIN_FAILED);
  CHECK(other.error("AUTHENTICATION", {{"token", std::string(64, '0')}}) == Error::TOKEN_REJECTED);
  CHECK(other.error("LIST_ROOMS") == Error::NOT_AUTHENTICATED);
  const Json login = other.must("AUTHENTICATION", {{"token", client.token()}});
  CHECK(login["user"] == "alice");
  CHECK(!login.contains("token"));
  other.must("LIST_ROOMS");

  RawDatabase raw(server.file());
  CHECK(eventually([&] {
    return raw.number("SELECT count(*) FROM audit_log WHERE action = 'login_failed'") == 2;
  }));
  CHECK(eventually([&] {
    return raw.number("SELECT count(*) FROM audit_log WHERE action = 'token_rejected'") == 1;
  }));
  // The database has the token hashed.
  CHECK(raw.number("SELECT count(*) FROM sessions WHERE token_hash = '" + client.token() + "'") ==
        0);
  raw.run("UPDATE sessions SET expires = 1");
  CHECK(other.error("AUTHENTICATION", {{"token", client.token()}}) == Error::TOKEN_REJECTED);
}
