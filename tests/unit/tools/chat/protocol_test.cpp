// What the README promises about lines, operations, fields and errors.
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/unit/tools/chat/harness.h"

using namespace chat_test;

TEST_CASE("ChatProtocol: every operation succeeds for whom it is meant") {
  TestServer server;
  Client alice(server), bob(server);

  CHECK(alice.must("REGISTRATION", {{"user", "alice"}, {"password", "correct horse"}})["user_id"] ==
        1);
  const Json login =
      alice.must("AUTHENTICATION", {{"user", "alice"}, {"password", "correct horse"}});
  CHECK(login["user"] == "alice");
  CHECK(login["token"].get<std::string>().size() == 64);
  CHECK(login["rooms"].empty());
  CHECK(login["expires"].get<std::int64_t>() > chatd::now_ms());
  const auto bob_id = bob.enter("bob");

  const auto room = alice.must("CREATE_ROOM", {{"name", "lobby"}, {"topic", "all"}})["room_id"]
                        .get<std::int64_t>();
  CHECK(bob.must("JOIN_ROOM", {{"room", room}})["members"] == 2);
  CHECK(alice.push("joined")["user"] == "bob");
  const Json rooms = bob.must("LIST_ROOMS")["rooms"];
  REQUIRE(rooms.size() == 1);
  CHECK(rooms[0] == Json{{"room_id", room},
                         {"name", "lobby"},
                         {"topic", "all"},
                         {"private", false},
                         {"members", 2},
                         {"member", true}});

  const auto message =
      alice.must("SEND_MESSAGE", {{"room", room}, {"text", "The quick brown fox"}})["message_id"]
          .get<std::int64_t>();
  const Json pushed = bob.push("message");
  CHECK(pushed["text"] == "The quick brown fox");
  CHECK(pushed["message_id"] == message);
  CHECK(pushed["user"] == "alice");

  const Json direct = alice.must("DIRECT_MESSAGE", {{"user", "BOB"}, {"text", "psst"}});
  CHECK(bob.push("direct_message")["room_id"] == direct["room_id"]);
  CHECK(bob.must("DIRECT_MESSAGE", {{"user", "alice"}, {"text", "what?"}})["room_id"] ==
        direct["room_id"]);
  CHECK(bob.must("MESSAGE_HISTORY", {{"room", direct["room_id"]}})["messages"].size() == 2);

  CHECK(alice.must("EDIT_MESSAGE", {{"message", message}, {"text", "The quick red fox"}})["edited"]
            .is_number());
  CHECK(bob.push("edited")["text"] == "The quick red fox");

  const Json reacted = bob.must("MESSAGE_REACTIONS", {{"message", message}, {"add", "👍"}});
  CHECK(reacted["reactions"] == Json::array({{{"reaction", "👍"}, {"count", 1}, {"mine", true}}}));
  CHECK(alice.push("reaction")["added"] == true);
  CHECK(alice.must("MESSAGE_REACTIONS", {{"message", message}})["reactions"][0]["mine"] == false);
  CHECK(
      bob.must("MESSAGE_REACTIONS", {{"message", message}, {"remove", "👍"}})["reactions"].empty());

  const Json reply = bob.must("THREADED_REPLIES", {{"message", message}, {"text", "what fox?"}});
  CHECK(reply["parent"] == message);
  CHECK(alice.push("reply")["parent"] == message);
  const Json nested =
      alice.must("THREADED_REPLIES", {{"message", reply["message_id"]}, {"text", "that fox"}});
  CHECK(nested["parent"] == message);
  const Json thread = bob.must("THREADED_REPLIES", {{"message", message}});
  REQUIRE(thread["messages"].size() == 2);
  CHECK(thread["messages"][0]["text"] == "what fox?");

  CHECK(bob.must("MESSAGE_SEARCH", {{"query", "red FOX"}})["messages"].size() == 1);
  // The index follows the edit.
  CHECK(bob.must("MESSAGE_SEARCH", {{"query", "brown"}})["messages"].empty());
  CHECK(bob.must("MESSAGE_SEARCH", {{"query", "qui*"}, {"room", room}})["messages"].size() == 1);
  // A query is words, not a query language.
  CHECK(bob.must("MESSAGE_SEARCH", {{"query", "\"fox\" OR NOT (x"}})["messages"].empty());
  CHECK(bob.must("MESSAGE_HISTORY", {{"room", room}, {"limit", 2}})["messages"].size() == 2);
  CHECK(bob.must("MESSAGE_HISTORY", {{"room", room}, {"before", reply["message_id"]}})["messages"]
            .size() == 1);

  const auto closed = alice.must("CREATE_ROOM", {{"name", "board"}, {"private", true}})["room_id"];
  const auto invitation =
      alice.must("INVITE_USER", {{"room", closed}, {"user", "bob"}})["invitation_id"];
  CHECK(bob.push("invitation")["room"] == "board");
  CHECK(bob.must("LIST_INVITATIONS")["invitations"][0]["from"] == "alice");
  CHECK(bob.must("ACCEPT_INVITATION", {{"invitation", invitation}})["members"] == 2);
  CHECK(bob.must("LIST_INVITATIONS")["invitations"].empty());
  bob.must("LEAVE_ROOM", {{"room", closed}});
  CHECK(alice.push("left")["user_id"] == bob_id);
  const auto second =
      alice.must("INVITE_USER", {{"room", closed}, {"user", "bob"}})["invitation_id"];
  CHECK(bob.must("DECLINE_INVITATION", {{"invitation", second}})["room_id"] == closed);

  const Json members = alice.must("REQUEST_USER_LIST", {{"room", room}})["users"];
  REQUIRE(members.size() == 2);
  CHECK(members[0] == Json{{"user_id", 1}, {"user", "alice"}, {"online", true}, {"role", "owner"}});
  CHECK(alice.must("REQUEST_USER_LIST", {{"limit", 1}})["users"].size() == 1);

  alice.must("DELETE_MESSAGE", {{"message", message}});
  CHECK(bob.push("deleted")["message_id"] == message);
  CHECK(bob.must("MESSAGE_SEARCH", {{"query", "red fox"}})["messages"].empty());
  const Json history = bob.must("MESSAGE_HISTORY", {{"room", room}})["messages"];
  CHECK(history.back()["deleted"] == true);
  CHECK(history.back()["text"] == "");
}

TEST_CASE("ChatProtocol: validation refuses each bad field with its own code") {
  TestServer server([](auto& options) { options.service.guard.suspend_after = 0; });
  Client client(server);
  client.enter("alice");
  const std::string long_text(4097, 'x');
  struct Case {
    const char* op;
    Json fields;
    Error error;
  };
  const std::vector<Case> cases = {
      {"CREATE_ROOM", Json::object(), Error::MISSING_FIELD},
      {"CREATE_ROOM", {{"name", 7}}, Error::WRONG_TYPE},
      {"CREATE_ROOM", {{"name", " "}}, Error::BAD_NAME},
      {"CREATE_ROOM", {{"name", std::string(65, 'x')}}, Error::BAD_NAME},
      {"CREATE_ROOM", {{"name", "a\nb"}}, Error::BAD_NAME},
      {"CREATE_ROOM", {{"name", "a"}, {"private", 1}}, Error::WRONG_TYPE},
      {"CREATE_ROOM", {{"name", "a"}, {"topic", std::string(257, 'x')}}, Error::TEXT_TOO_LONG},
      {"JOIN_ROOM", {{"room", "1"}}, Error::WRONG_TYPE},
      {"JOIN_ROOM", {{"room", 1.5}}, Error::WRONG_TYPE},
      {"JOIN_ROOM", {{"room", 0}}, Error::OUT_OF_RANGE},
      {"JOIN_ROOM", {{"room", -1}}, Error::OUT_OF_RANGE},
      {"JOIN_ROOM", {{"room", 18446744073709551615ULL}}, Error::OUT_OF_RANGE},
      {"LIST_ROOMS", {{"limit", 101}}, Error::OUT_OF_RANGE},
      {"SEND_MESSAGE", {{"room", 1}}, Error::MISSING_FIELD},
      {"SEND_MESSAGE", {{"room", 1}, {"text", nullptr}}, Error::MISSING_FIELD},
      {"SEND_MESSAGE", {{"room", 1}, {"text", " \n"}}, Error::TEXT_EMPTY},
      {"SEND_MESSAGE", {{"room", 1}, {"text", long_text}}, Error::TEXT_TOO_LONG},
      {"SEND_MESSAGE", {{"room", 1}, {"text", std::string("a\0b", 3)}}, Error::BAD_CHARACTER},
      {"SEND_MESSAGE", {{"room", 1}, {"text", "\x1b[31mred"}}, Error::BAD_CHARACTER},
      {"SEND_MESSAGE",
       {{"room", 1},
        {"text",
         "\xc2\x9b"
         "31m"}},
       Error::BAD_CHARACTER},
      {"DIRECT_MESSAGE", {{"user", "a b"}, {"text", "x"}}, Error::BAD_NAME},
      {"DIRECT_MESSAGE", {{"user", "alice"}, {"text", "x"}}, Error::SELF_TARGET},
      {"MESSAGE_REACTIONS",
       {{"message", 1}, {"add", "a"}, {"remove", "a"}},
       Error::CONFLICTING_FIELDS},
      {"MESSAGE_REACTIONS", {{"message", 1}, {"add", "a b"}}, Error::BAD_CHARACTER},
      {"MESSAGE_SEARCH", {{"query", "... !"}}, Error::BAD_QUERY},
      {"MESSAGE_SEARCH", {{"query", "a b c d e f g h i j k l m n o p q"}}, Error::BAD_QUERY},
      {"REGISTRATION", {{"user", "carol"}, {"password", "short"}}, Error::BAD_PASSWORD},
      {"REGISTRATION", {{"user", "ab"}, {"password", "long enough"}}, Error::BAD_NAME},
      {"AUTHENTICATION", {{"token", "abc"}}, Error::BAD_TOKEN},
      {"AUTHENTICATION",
       {{"token", std::string(64, 'a')}, {"user", "alice"}},
       Error::CONFLICTING_FIELDS},
      {"AUTHENTICATION", {{"user", "alice"}}, Error::MISSING_FIELD},
      {"AUTHENTICATION", Json::object(), Error::MISSING_FIELD},
  };
  for (const auto& test : cases) {
    INFO(test.op << " " << test.fields.dump(-1, ' ', true, Json::error_handler_t::replace));
    CHECK(client.error(test.op, test.fields) == test.error);
  }
  // A bad id is an outcome of the operation. The answer names the operation and has null as its id.
  client.send(R"({"id":[1],"op":"LIST_ROOMS"})" "\n");
  const Json reply = client.answer();
  CHECK(reply["op"] == "LIST_ROOMS");
  CHECK(reply["id"].is_null());
  CHECK(Client::error_of(reply) == Error::WRONG_TYPE);
}

TEST_CASE("ChatProtocol: what is not there, or in the way, is said so") {
  TestServer server([](auto& options) { options.service.guard.suspend_after = 0; });
  Client alice(server), bob(server);
  alice.enter("alice");
  bob.enter("bob");
  const auto room = alice.must("CREATE_ROOM", {{"name", "lobby"}})["room_id"];
  const auto message = alice.must("SEND_MESSAGE", {{"room", room}, {"text", "x"}})["message_id"];

  CHECK(bob.error("REGISTRATION", {{"user", "ALICE"}, {"password", "correct horse"}}) ==
        Error::USER_EXISTS);
  CHECK(bob.error("CREATE_ROOM", {{"name", "LOBBY"}}) == Error::ROOM_EXISTS);
  CHECK(bob.error("JOIN_ROOM", {{"room", 99}}) == Error::ROOM_NOT_FOUND);
  CHECK(alice.error("JOIN_ROOM", {{"room", room}}) == Error::ALREADY_MEMBER);
  CHECK(bob.error("DIRECT_MESSAGE", {{"user", "nobody"}, {"text", "x"}}) == Error::USER_NOT_FOUND);
  CHECK(bob.error("EDIT_MESSAGE", {{"message", 99}, {"text", "x"}}) == Error::MESSAGE_NOT_FOUND);
  CHECK(bob.error("ACCEPT_INVITATION", {{"invitation", 99}}) == Error::INVITATION_NOT_FOUND);
  const auto invitation =
      alice.must("INVITE_USER", {{"room", room}, {"user", "bob"}})["invitation_id"];
  CHECK(alice.error("INVITE_USER", {{"room", room}, {"user", "bob"}}) == Error::ALREADY_INVITED);
  bob.must("ACCEPT_INVITATION", {{"invitation", invitation}});
  CHECK(bob.error("DECLINE_INVITATION", {{"invitation", invitation}}) == Error::INVITATION_CLOSED);
  CHECK(alice.error("INVITE_USER", {{"room", room}, {"user", "bob"}}) == Error::ALREADY_MEMBER);
  CHECK(alice.error("INVITE_USER", {{"room", room}, {"user", "alice"}}) == Error::SELF_TARGET);
  CHECK(alice.error("INVITE_USER", {{"room", room}, {"user", "nobody"}}) == Error::USER_NOT_FOUND);
  bob.must("MESSAGE_REACTIONS", {{"message", message}, {"add", "x"}});
  CHECK(bob.error("MESSAGE_REACTIONS", {{"message", message}, {"add", "x"}}) ==
        Error::ALREADY_REACTED);
  CHECK(bob.error("MESSAGE_REACTIONS", {{"message", message}, {"remove", "y"}}) ==
        Error::REACTION_NOT_FOUND);
  alice.must("DELETE_MESSAGE", {{"message", message}});
  CHECK(alice.error("EDIT_MESSAGE", {{"message", message}, {"text", "x"}}) ==
        Error::MESSAGE_DELETED);
  CHECK(alice.error("DELETE_MESSAGE", {{"message", message}}) == Error::MESSAGE_DELETED);
}

TEST_CASE(
    "ChatProtocol: lines that are no operation get an answer without an op, and the connection "
    "lives") {
  TestServer server;
  Client client(server);
  const std::pair<std::string, Error> lines[] = {
      {"garbage", Error::BAD_JSON},
      {"[1,2]", Error::BAD_JSON},
      {"\"SEND_MESSAGE\"", Error::BAD_JSON},
      {"{\"id\":1}", Error::BAD_JSON},
      {"{\"op\":5}", Error::BAD_JSON},
      {"{\"op\":\"\xff\xfe\"}", Error::BAD_JSON},
      {"{\"op\":\"LIST_ROOMS\"", Error::BAD_JSON},
      {std::string("\0\0\0", 3), Error::BAD_JSON},
      {std::string(30000, '['), Error::BAD_JSON},
      {"{\"op\":\"list_rooms\"}", Error::UNKNOWN_OP},
      {"{\"id\":9,\"op\":\"" + std::string(5000, 'N') + "\"}", Error::UNKNOWN_OP},
  };
  for (const auto& [line, error] : lines) {
    client.send(line + "\n");
    const Json reply = client.answer();
    CHECK(Client::error_of(reply) == error);
    CHECK(reply["id"].is_null());
    CHECK(reply["op"].is_null());
  }
  client.send("\n\r\n");  // keep-alives: nothing comes back
  CHECK(client.error("LIST_ROOMS") == Error::NOT_AUTHENTICATED);
}

TEST_CASE(
    "ChatProtocol: a line of 65536 bytes is taken, one more closes the connection after a clear "
    "error") {
  TestServer server;
  Client client(server);
  const std::string head = R"({"op":"LIST_ROOMS","pad":")", tail = "\"}";
  client.send(head + std::string(65536 - head.size() - tail.size(), 'x') + tail + "\n");
  CHECK(Client::error_of(client.answer()) == Error::NOT_AUTHENTICATED);
  client.send(head + std::string(65537 - head.size() - tail.size(), 'x') + tail + "\n");
  CHECK(Client::error_of(client.answer()) == Error::LINE_TOO_LONG);
  CHECK(client.line().is_null());

  // No newline at all, and a lot more bytes behind it.
  Client endless(server);
  endless.send(std::string(500000, 'x'));
  CHECK(Client::error_of(endless.answer()) == Error::LINE_TOO_LONG);
  CHECK(endless.line().is_null());
  // Our ends of both connections are still open, so the server lingers on both.
  CHECK(eventually([&] { return server->connections() == 2; }));
}

TEST_CASE("ChatProtocol: lines may come in pieces, and many at once, answers keep their order") {
  TestServer server;
  Client client(server);
  const std::string line = R"({"id":"ü","op":"LIST_ROOMS"})" "\r\n";
  for (const char byte : line) client.send(std::string(1, byte));
  CHECK(client.answer()["id"] == "ü");

  client.enter("alice");
  const auto room = client.must("CREATE_ROOM", {{"name", "lobby"}})["room_id"].get<std::int64_t>();
  std::string burst;
  constexpr int kLines = 2000;
  for (int i = 0; i < kLines; ++i) {
    // Reads, writes, refusals and garbage take different ways through the server.
    switch (i % 4) {
      case 0:
        burst += Json{{"id", i}, {"op", "SEND_MESSAGE"}, {"room", room}, {"text", "x"}}.dump();
        break;
      case 1: burst += Json{{"id", i}, {"op", "LIST_ROOMS"}}.dump(); break;
      case 2:
        burst += Json{{"id", i}, {"op", "SEND_MESSAGE"}, {"room", 77}, {"text", "x"}}.dump();
        break;
      case 3:
        burst += Json{{"id", i}, {"op", "MESSAGE_HISTORY"}, {"room", room}, {"limit", 1}}.dump();
        break;
    }
    burst += "\n";
  }
  std::thread sender([&] { client.send(burst); });
  for (int i = 0; i < kLines; ++i) REQUIRE(client.answer()["id"] == i);
  sender.join();

  client.send(R"({"id":1,"op":"LIST_ROOMS"})");  // has no newline, so it is never taken
  client.end_sending();
  CHECK(client.line().is_null());
}

TEST_CASE("ChatProtocol: the README's tables are the program's") {
  std::ifstream in(RINGSIDE_CHAT_README);
  std::stringstream all;
  all << in.rdbuf();
  const std::string readme = all.str();
  REQUIRE(!readme.empty());

  std::set<std::string> documented, known;
  const std::regex row(R"(\| (\d{4}) \| `([A-Z_]+)` \|[^\n]*\| ([a-z]+|–) \|\n)");
  for (std::sregex_iterator it(readme.begin(), readme.end(), row), end; it != end; ++it) {
    documented.insert((*it)[1].str() + " " + (*it)[2].str());
    const auto& entry = chatd::info(static_cast<Error>(std::stoi((*it)[1])));
    static constexpr const char* kOutcomes[] = {"ok",     "error",   "timeout",  "rejected",
                                                "denied", "limited", "cancelled"};
    if ((*it)[3] != "–") CHECK((*it)[3] == kOutcomes[static_cast<std::size_t>(entry.outcome)]);
  }
  for (const auto& entry : chatd::kErrors)
    known.insert(std::to_string(chatd::code_of(entry.error)) + " " + std::string(entry.name));
  CHECK(documented == known);
  for (const auto name : chatd::kOpNames) {
    INFO(name);
    CHECK(readme.find("| `" + std::string(name) + "` |") != std::string::npos);
  }
}
