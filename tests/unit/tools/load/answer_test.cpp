#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "tools/load/answer.h"
#include "tools/load/operations.h"

using namespace ringside::load;

TEST_CASE("Answer: the fields of a success are found, in whatever order they come") {
  for (const char* line :
       {R"({"id":17,"op":"SEND_MESSAGE","ok":true,"message_id":99,"ts":1732355000123})",
        R"({ "ts" : 1.5e3 , "message_id" : 99 , "ok" : true , "op" : "SEND_MESSAGE" , "id" : 17 })",
        "{\"message_id\":99,\"id\":17,\"ok\":true,\"op\":\"SEND_MESSAGE\"}\r"}) {
    INFO(line);
    const Answer answer = scan_answer(line);
    REQUIRE(answer.kind == Answer::Kind::answer);
    CHECK(answer.has_id);
    CHECK(answer.id == 17);
    CHECK(answer.op == "SEND_MESSAGE");
    CHECK(answer.ok);
    CHECK(answer.message_id == 99);
    CHECK(answer.code == 0);
  }
}

TEST_CASE("Answer: an error has its code and its name") {
  const Answer answer = scan_answer(
      R"({"id":2,"op":"JOIN_ROOM","ok":false,)"
      R"("error":{"message":"say \"please\" {[","name":"ROOM_PRIVATE","code":2006}})");
  REQUIRE(answer.kind == Answer::Kind::answer);
  CHECK_FALSE(answer.ok);
  CHECK(answer.code == 2006);
  CHECK(answer.code_name == "ROOM_PRIVATE");
}

TEST_CASE("Answer: to a line that is no operation there is no op and no id") {
  const Answer answer =
      scan_answer(R"({"id":null,"op":null,"ok":false,"error":{"code":1001,"name":"BAD_JSON"}})");
  REQUIRE(answer.kind == Answer::Kind::answer);
  CHECK_FALSE(answer.has_id);
  CHECK(answer.op.empty());
  CHECK(answer.code == 1001);
}

TEST_CASE("Answer: keys count at the top level only, and not inside strings") {
  const Answer answer = scan_answer(
      R"({"x":{"ok":false,"id":1,"a":["}]",{"op":"LIES"}]},"y":"\"ok\":false,\\",)"
      R"("id":3,"op":"LIST_ROOMS","ok":true,"r":[}])");
  REQUIRE(answer.kind == Answer::Kind::answer);  // the rest after "ok" is not parsed
  CHECK(answer.ok);
  CHECK(answer.id == 3);
  CHECK(answer.op == "LIST_ROOMS");
}

TEST_CASE("Answer: a push is told from an answer, and an invitation is read whole") {
  CHECK(scan_answer(R"({"event":"message","room_id":1,"text":"\"ok\":true"})").kind ==
        Answer::Kind::push);
  const Answer invitation =
      scan_answer(R"({"invitation_id":8,"event":"invitation","room_id":4,"room":"x","from":"y"})");
  REQUIRE(invitation.kind == Answer::Kind::push);
  CHECK(invitation.invitation_id == 8);
}

TEST_CASE("Answer: a token is found") {
  CHECK(scan_answer(
            R"({"id":1,"op":"AUTHENTICATION","ok":true,"user_id":1,"token":"beef","rooms":[1,2]})")
            .token == "beef");
}

TEST_CASE("Answer: no beginning of a line passes for the line") {
  const std::string line =
      R"({"id":17,"op":"SEND_MESSAGE","ok":false,)"
      R"("error":{"code":2003,"name":"NOT_A_MEMBER","message":"\\"},"x":[1,{"y":null}]})";
  REQUIRE(scan_answer(line).kind == Answer::Kind::answer);
  for (std::size_t length = 0; length < line.size(); ++length) {
    INFO(line.substr(0, length));
    CHECK(scan_answer(std::string_view(line).substr(0, length)).kind == Answer::Kind::malformed);
  }
}

TEST_CASE("Answer: what is no answer is malformed") {
  for (const char* line :
       {"", "{}", "[]", "null", "hello", R"({"id":1,"op":"X"})", R"({"id":1,"op":"X","ok":1})",
        R"({"id":1,"op":"X","ok":false})", R"({"id":1,"op":"X","ok":true}{)",
        R"({"id":1,"op":"X","ok":true,})", R"({"id" 1,"op":"X","ok":true})", R"({id:1})"}) {
    INFO(line);
    CHECK(scan_answer(line).kind == Answer::Kind::malformed);
  }
}

TEST_CASE("Answer: the load's own classes agree with what the list says of every error") {
  const struct {
    int number;
    std::string_view outcome;
  } kErrors[] = {
#define RINGSIDE_CHAT_ERROR(number, name, outcome, meaning) {number, #outcome},
#include "shm/chat_words.def"
  };
  for (const auto& error : kErrors) {
    INFO(error.number);
    CHECK(name_of(outcome_of(error.number)) == error.outcome);
  }
  CHECK(outcome_of(5999) == Outcome::error);  // a code that the protocol does not list
  CHECK_FALSE(is_transient(5999));
  CHECK(is_transient(code::RATE_LIMITED));
  CHECK(is_transient(code::OVERLOADED));
  CHECK_FALSE(is_transient(code::IP_BLOCKED));
}
