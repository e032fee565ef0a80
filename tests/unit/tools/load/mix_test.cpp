#include <doctest/doctest.h>

#include "tools/load/mix.h"

using namespace ringside::load;

TEST_CASE("Mix: every operation has a weight by default") {
  const Mix mix = default_mix();
  for (std::size_t i = 0; i < kOpCount; ++i) {
    INFO(name_of(static_cast<Op>(i)));
    CHECK(mix.weights[i] > 0);
  }
}

TEST_CASE("Mix: named weights are replaced, the others stay") {
  Mix mix = default_mix();
  std::string error;
  REQUIRE(parse_mix("SEND_MESSAGE=50,CREATE_ROOM=0", mix, error));
  CHECK(mix.weights[index_of(Op::SEND_MESSAGE)] == 50);
  CHECK(mix.weights[index_of(Op::CREATE_ROOM)] == 0);
  CHECK(mix.weights[index_of(Op::LIST_ROOMS)] == default_mix().weights[index_of(Op::LIST_ROOMS)]);
}

TEST_CASE("Mix: all=0 leaves what is named behind it") {
  Mix mix = default_mix();
  std::string error;
  REQUIRE(parse_mix("all=0,MESSAGE_SEARCH=0.5", mix, error));
  CHECK(mix.total() == 0.5);
}

TEST_CASE("Mix: what is no mix is refused with a reason, and changes nothing") {
  struct Case {
    const char* text;
    const char* reason;
  };
  const Case cases[] = {
      {"SEND_MESAGE=1", "did you mean SEND_MESSAGE?"},
      {"SEND_MESSAGE", "expected OPERATION=WEIGHT"},
      {"SEND_MESSAGE=", "is no weight"},
      {"SEND_MESSAGE=-1", "is no weight"},
      {"SEND_MESSAGE=1x", "is no weight"},
      {"SEND_MESSAGE=inf", "is no weight"},
      {"all=0", "nothing to send"},
      {"SEND_MESSAGE=1,,LIST_ROOMS=1", "expected OPERATION=WEIGHT"},
  };
  for (const Case& wrong : cases) {
    INFO(wrong.text);
    Mix mix = default_mix();
    std::string error;
    CHECK_FALSE(parse_mix(wrong.text, mix, error));
    CHECK(error.find(wrong.reason) != std::string::npos);
    CHECK(mix.weights == default_mix().weights);
  }
}
