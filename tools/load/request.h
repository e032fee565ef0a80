// From a plan to a line: what a client knows of the chat, how a request is made of it, and what an
// answer adds. Pure: no socket, no clock. A thread's clients share a Neighbourhood; nothing is
// shared between threads but the home rooms, which are known before the load starts and do not
// change.
//
// Most requests of a calm load should succeed, as a person's do: what is edited exists, who leaves
// has joined. So a client remembers its own messages, rooms and invitations. Where it has none, it
// asks for something that does not exist, and the server rejects it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tools/load/answer.h"
#include "tools/load/schedule.h"

namespace ringside::load {

struct Visit {
  std::int64_t room = 0;
  bool confirmed = false;  // false while the answer to JOIN_ROOM is outstanding
};

struct Reaction {
  std::int64_t message = 0;
  std::uint8_t kind = 0;
};

// What one client knows.
struct ClientState {
  std::uint32_t index = 0;
  std::string user;
  std::string password;
  std::string token;
  std::uint32_t home_index = 0;   // in Neighbourhood::homes; never left
  std::int64_t den = 0;           // a private room of its own, where it invites others to
  std::uint32_t invited = 0;      // invitations sent; the next goes to the next client in turn
  std::vector<Visit> visits;      // rooms that it may leave, oldest first
  std::vector<std::int64_t> messages;     // its own, not deleted, oldest first
  std::vector<Reaction> reactions;        // its own, oldest first
  std::vector<std::int64_t> invitations;  // received and open
};

// What the clients of one thread know together.
struct Neighbourhood {
  std::string run;  // marks names, so that two runs on one database do not collide
  std::uint32_t clients = 0;                    // of all threads
  std::vector<std::int64_t> homes;              // room ids
  std::vector<std::vector<std::int64_t>> boards;  // by home: the latest messages
  std::vector<std::int64_t> public_rooms;       // the latest that were created
  std::deque<std::uint32_t> invited;            // clients that received an invitation, oldest first
};

// What the answer is for, besides what is in it.
struct Intent {
  std::int64_t subject = 0;  // room, message or invitation, as the operation has it
  std::uint8_t detail = 0;   // CREATE_ROOM: 1 if private; MESSAGE_REACTIONS: see kAdds
};

// Intent::detail of MESSAGE_REACTIONS: one of these plus the kind of reaction, or 0 if it only
// looks.
inline constexpr std::uint8_t kAdds = 64;
inline constexpr std::uint8_t kRemoves = 128;

std::string user_name(std::string_view run, std::uint32_t client);

// Whether the client knows what the operation needs.
bool can(Op op, const ClientState& client, const Neighbourhood& hood);

// Appends the line (without newline) to `out`, and takes what it uses up (an invitation, a deleted
// message).
Intent write_request(const Plan& plan, std::int64_t id, ClientState& client, Neighbourhood& hood,
                     std::string& out);

// `{"id":7,"op":"SEND_MESSAGE"`; members and the closing brace follow.
void open_request(std::string& out, std::int64_t id, Op op);
void add_member(std::string& out, std::string_view key, std::int64_t value);
// The value must need no escape.
void add_member(std::string& out, std::string_view key, std::string_view value);
// ,"text":"..." of 2 to 20 words
void add_text(std::string& out, Rng& rng);

// What the answer teaches. `subject` and `detail` are the request's.
void learn(Op op, const Intent& intent, const Answer& answer, ClientState& client,
           Neighbourhood& hood);
// The connection broke before the answer.
void forget(Op op, const Intent& intent, ClientState& client);

}  // namespace ringside::load
