#include "tools/load/bad_request.h"

#include <array>

#include "tools/load/request.h"

namespace ringside::load {
namespace {

// Members that follow `{"id":N,"op":"NAME"`. Validation alone refuses every one of these requests,
// whatever the database holds.
struct Invalid {
  Op op;
  std::string_view members;
};
constexpr std::array<Invalid, 22> kInvalid = {{
    {Op::SEND_MESSAGE, R"(,"room":1)"},                                        // MISSING_FIELD
    {Op::JOIN_ROOM, R"(,"room":"lobby")"},                                     // WRONG_TYPE
    {Op::MESSAGE_HISTORY, R"(,"room":1,"limit":100000)"},                      // OUT_OF_RANGE
    {Op::CREATE_ROOM, R"(,"name":"")"},                                        // BAD_NAME
    {Op::SEND_MESSAGE, R"(,"room":1,"text":"   ")"},                           // TEXT_EMPTY
    {Op::REGISTRATION, R"(,"user":"x' OR '1'='1","password":"long enough")"},  // BAD_NAME
    {Op::EDIT_MESSAGE, R"(,"message":-7,"text":"hello")"},                     // OUT_OF_RANGE
    {Op::AUTHENTICATION, R"(,"token":"not a token")"},                         // BAD_TOKEN
    {Op::MESSAGE_REACTIONS, R"(,"message":1,"add":"+1","remove":"+1")"},       // CONFLICTING_FIELDS
    {Op::MESSAGE_SEARCH, R"(,"query":"")"},                                    // TEXT_EMPTY
    {Op::DIRECT_MESSAGE, R"(,"user":"<script>alert(1)</script>","text":"hi")"},  // BAD_NAME
    {Op::INVITE_USER, R"(,"room":1.5,"user":"someone")"},                        // WRONG_TYPE
    {Op::ACCEPT_INVITATION, R"(,"invitation":0)"},                               // OUT_OF_RANGE
    {Op::DECLINE_INVITATION, R"(,"invitation":null)"},           // MISSING_FIELD: null is absent
    {Op::REGISTRATION, R"(,"user":"short","password":"1234")"},  // BAD_PASSWORD
    {Op::SEND_MESSAGE, R"(,"room":1,"text":"bell \u0007")"},     // BAD_CHARACTER
    {Op::LIST_ROOMS, R"(,"limit":0)"},                           // OUT_OF_RANGE
    {Op::REQUEST_USER_LIST, R"(,"after":-1)"},                   // OUT_OF_RANGE
    {Op::LEAVE_ROOM, R"(,"room":{})"},                           // WRONG_TYPE
    {Op::DELETE_MESSAGE, R"(,"message":"'; DROP TABLE messages; --")"},  // WRONG_TYPE
    {Op::THREADED_REPLIES, R"(,"text":"to what?")"},                     // MISSING_FIELD
    {Op::CREATE_ROOM, R"(,"name":"../../etc/passwd\u0000")"},            // BAD_NAME
}};

// Lines that are no operation. The answers have no id.
constexpr std::array<std::string_view, 8> kGarbage = {
    "GET / HTTP/1.1",
    R"({"id":1,"op":"SEND_MESSAGE",)",
    R"({"id":2,"op":"SHUTDOWN_SERVER"})",
    R"(["SEND_MESSAGE"])",
    R"({"id":3})",
    "\x16\x03\x01\x02\x01\xfc\x03\x03",  // the beginning of a TLS handshake
    R"({"op":17})",
    "{\"id\":4,\"op\":\"SEND_MESSAGE\",\"room\":1,\"text\":\"\xc3\x28\"}",  // invalid UTF-8
};

constexpr std::uint64_t kKinds = kInvalid.size() + kGarbage.size() + 2;

}  // namespace

BadRequest write_bad_request(std::uint64_t number, std::int64_t id, Rng& rng, std::string& out) {
  // 13 is coprime to the number of kinds. So every kind comes, and garbage comes between the others
  // and not in one heap.
  const std::uint64_t kind = number * 13 % kKinds;
  if (kind < kInvalid.size()) {
    const Invalid& invalid = kInvalid[kind];
    open_request(out, id, invalid.op);
    out += invalid.members;
    out += '}';
    return {invalid.op, true, false};
  }
  if (kind < kInvalid.size() + kGarbage.size()) {
    out += kGarbage[kind - kInvalid.size()];
    return {Op::none, false, false};
  }
  if (kind == kKinds - 2) {  // TEXT_TOO_LONG
    open_request(out, id, Op::SEND_MESSAGE);
    out += R"(,"room":1,"text":")";
    out.append(4097 + rng.below(4096), 'a');
    out += "\"}";
    return {Op::SEND_MESSAGE, true, false};
  }
  if (number / kKinds % 16 == 0) {  // LINE_TOO_LONG: seldom, because it costs the connection
    out.append(kMaxRequestBytes + 1 + rng.below(1000), 'a');
    return {Op::none, false, true};
  }
  out += R"({"id":{"not":"an id"},"op":"LIST_INVITATIONS"})";  // WRONG_TYPE
  return {Op::LIST_INVITATIONS, false, false};
}

}  // namespace ringside::load
