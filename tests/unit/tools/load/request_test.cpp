#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tools/load/bad_request.h"
#include "tools/load/request.h"

using namespace ringside::load;
using Json = nlohmann::json;

namespace {

Neighbourhood a_hood() {
  Neighbourhood hood;
  hood.run = "t";
  hood.clients = 12;
  hood.homes = {101, 102, 103};
  hood.boards = {{11, 12}, {13}, {}};
  return hood;
}

ClientState a_client() {
  ClientState client;
  client.index = 4;
  client.user = "t.c4";
  client.password = "correct horse 4";
  client.token = std::string(64, 'a');
  client.home_index = 1;
  client.den = 500;
  client.visits = {{101, true}};
  client.messages = {13};
  client.invitations = {900};
  return client;
}

std::string written(const Plan& plan, ClientState& client, Neighbourhood& hood,
                    Intent* intent = nullptr) {
  std::string line;
  const Intent made = write_request(plan, 1, client, hood, line);
  if (intent != nullptr) *intent = made;
  return line;
}

Plan a_plan(Op op, std::uint64_t draw) {
  Plan plan;
  plan.number = draw;
  plan.op = op;
  plan.draw = Rng(draw).next();
  return plan;
}

}  // namespace

TEST_CASE("Request: one seed writes the same bytes twice") {
  Schedule one(42, default_mix(), 12, 100);
  Schedule two(42, default_mix(), 12, 100);
  Neighbourhood hood_one = a_hood();
  Neighbourhood hood_two = a_hood();
  ClientState client_one = a_client();
  ClientState client_two = a_client();
  for (int i = 0; i < 2000; ++i) {
    REQUIRE(written(one.next(), client_one, hood_one) == written(two.next(), client_two, hood_two));
  }
}

TEST_CASE("Request: every operation is written as the protocol has it, whatever the client knows") {
  // Operation -> members that must be there. THREADED_REPLIES and others may have more.
  const std::map<Op, std::vector<std::string>> required = {{Op::REGISTRATION, {"user", "password"}},
                                                           {Op::AUTHENTICATION, {}},
                                                           {Op::CREATE_ROOM, {"name"}},
                                                           {Op::JOIN_ROOM, {"room"}},
                                                           {Op::LEAVE_ROOM, {"room"}},
                                                           {Op::LIST_ROOMS, {}},
                                                           {Op::SEND_MESSAGE, {"room", "text"}},
                                                           {Op::DIRECT_MESSAGE, {"user", "text"}},
                                                           {Op::EDIT_MESSAGE, {"message", "text"}},
                                                           {Op::DELETE_MESSAGE, {"message"}},
                                                           {Op::INVITE_USER, {"room", "user"}},
                                                           {Op::ACCEPT_INVITATION, {"invitation"}},
                                                           {Op::DECLINE_INVITATION, {"invitation"}},
                                                           {Op::LIST_INVITATIONS, {}},
                                                           {Op::REQUEST_USER_LIST, {}},
                                                           {Op::MESSAGE_REACTIONS, {"message"}},
                                                           {Op::MESSAGE_SEARCH, {"query"}},
                                                           {Op::MESSAGE_HISTORY, {"room"}},
                                                           {Op::THREADED_REPLIES, {"message"}}};
  REQUIRE(required.size() == kOpCount);
  for (const auto& [op, members] : required) {
    for (std::uint64_t draw = 0; draw < 200; ++draw) {
      Neighbourhood hood = a_hood();
      ClientState client = a_client();
      if (draw % 2 == 1) {
        client.visits.clear();
        client.messages.clear();
        client.invitations.clear();
        client.home_index = 2;
      }
      const std::string line = written(a_plan(op, draw), client, hood);
      INFO(line);
      REQUIRE(line.find('\n') == std::string::npos);
      const Json request = Json::parse(line, nullptr, false);
      REQUIRE(request.is_object());
      CHECK(request["id"] == 1);
      CHECK(request["op"] == name_of(op));
      for (const std::string& member : members) CHECK(request.contains(member));
      if (request.contains("text")) CHECK(request["text"].get<std::string>().size() > 2);
      if (request.contains("user")) CHECK(request["user"].get<std::string>().size() <= 32);
      for (const char* id : {"room", "message", "invitation"}) {
        if (request.contains(id)) CHECK(request[id].get<std::int64_t>() > 0);
      }
      CHECK_FALSE((request.contains("add") && request.contains("remove")));
    }
  }
}

TEST_CASE("Request: a message that is sent can be edited, and one that is deleted is forgotten") {
  Neighbourhood hood = a_hood();
  ClientState client = a_client();
  client.messages.clear();
  hood.boards[1].clear();
  CHECK_FALSE(can(Op::EDIT_MESSAGE, client, hood));
  Answer sent;
  sent.ok = true;
  sent.message_id = 77;
  learn(Op::SEND_MESSAGE, {102, 0}, sent, client, hood);
  CHECK(can(Op::EDIT_MESSAGE, client, hood));
  CHECK(hood.boards[1] == std::vector<std::int64_t>{77});
  CHECK(Json::parse(written(a_plan(Op::EDIT_MESSAGE, 1), client, hood))["message"] == 77);
  CHECK(Json::parse(written(a_plan(Op::DELETE_MESSAGE, 1), client, hood))["message"] == 77);
  CHECK_FALSE(can(Op::EDIT_MESSAGE, client, hood));
  CHECK(hood.boards[1].empty());
}

TEST_CASE("Request: a room is left only after it was joined, and once") {
  Neighbourhood hood = a_hood();
  ClientState client = a_client();
  client.visits.clear();
  Intent intent;
  written(a_plan(Op::JOIN_ROOM, 3), client, hood, &intent);
  CHECK(intent.subject != 102);  // its home
  CHECK_FALSE(can(Op::LEAVE_ROOM, client, hood));
  Answer yes;
  yes.ok = true;
  learn(Op::JOIN_ROOM, intent, yes, client, hood);
  CHECK(can(Op::LEAVE_ROOM, client, hood));
  Intent leaving;
  written(a_plan(Op::LEAVE_ROOM, 4), client, hood, &leaving);
  CHECK(leaving.subject == intent.subject);
  CHECK_FALSE(can(Op::LEAVE_ROOM, client, hood));
  Answer busy;
  busy.code = 5001;
  learn(Op::LEAVE_ROOM, leaving, busy, client, hood);
  CHECK(can(Op::LEAVE_ROOM, client, hood));  // the client is still in the room
}

TEST_CASE("Request: what was on its way when the connection broke is not taken for done") {
  Neighbourhood hood = a_hood();
  ClientState client = a_client();
  client.visits.clear();
  Intent intent;
  written(a_plan(Op::JOIN_ROOM, 3), client, hood, &intent);
  forget(Op::JOIN_ROOM, intent, client);
  CHECK(client.visits.empty());
}

TEST_CASE("Request: invitations go round everyone but oneself") {
  Neighbourhood hood = a_hood();
  ClientState client = a_client();
  std::map<std::string, int> invited;
  for (int i = 0; i < 22; ++i) {
    ++invited[Json::parse(written(a_plan(Op::INVITE_USER, 1), client, hood))["user"]
                  .get<std::string>()];
  }
  CHECK(invited.size() == 11);
  CHECK(invited.count("t.c4") == 0);
  for (const auto& [user, times] : invited) CHECK(times == 2);
}

TEST_CASE("BadRequest: each line is what it says: one of the 19, or no operation") {
  int garbage = 0;
  int too_long = 0;
  for (std::uint64_t number = 0; number < 2000; ++number) {
    Rng rng(number);
    std::string line;
    const BadRequest request = write_bad_request(number, 5, rng, line);
    INFO(line.substr(0, 100));
    REQUIRE(line.find('\n') == std::string::npos);
    const Json parsed = Json::parse(line, nullptr, false);
    const bool named = parsed.is_object() && parsed.contains("op") && parsed["op"].is_string();
    const Op op = named ? op_named(parsed["op"].get<std::string>()) : Op::none;
    CHECK(op == request.op);
    CHECK(request.closes == (line.size() > kMaxRequestBytes));
    if (request.checks_id) CHECK(parsed["id"] == 5);
    garbage += request.op == Op::none ? 1 : 0;
    too_long += request.closes ? 1 : 0;
  }
  CHECK(garbage > 300);
  CHECK(too_long > 1);
  CHECK(too_long < 20);
}
