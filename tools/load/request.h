// From a plan to a line: what a client knows of the chat, how it makes a request, and what it
// learns from an answer. The functions are pure: no socket and no clock. The clients of a thread
// share a Neighbourhood. Threads share nothing but the home rooms, which are known before the load
// starts and do not change.
//
// Most requests of a calm load should succeed, as a person's do: the message to edit exists, and
// the client is in the room that it leaves. So a client remembers its own messages, rooms and
// invitations. If it has none, it asks for something that does not exist, and the server rejects
// the request.
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
  std::uint32_t home_index = 0;   // in Neighbourhood::homes; the client never leaves its home
  std::int64_t den = 0;           // a private room of its own, to which it invites others
  std::uint32_t invited = 0;      // invitations sent; the next one goes to the next client in turn
  std::vector<Visit> visits;      // rooms that it may leave, oldest first
  std::vector<std::int64_t> messages;     // its own that are not deleted, oldest first
  std::vector<Reaction> reactions;        // its own, oldest first
  std::vector<std::int64_t> invitations;  // those it received and has not answered
};

// What the clients of one thread know together.
struct Neighbourhood {
  std::string run;  // a part of every name, so that two runs on one database do not collide
  std::uint32_t clients = 0;                    // of all threads
  std::vector<std::int64_t> homes;              // room ids
  std::vector<std::vector<std::int64_t>> boards;  // for each home, its latest messages
  std::vector<std::int64_t> public_rooms;       // the latest that were created
  std::deque<std::uint32_t> invited;            // clients that received an invitation, oldest first
};

// What learn() must know of a request that its answer does not say.
struct Intent {
  std::int64_t subject = 0;  // a room, message or invitation, depending on the operation
  std::uint8_t detail = 0;   // CREATE_ROOM: 1 if private; MESSAGE_REACTIONS: see kAdds
};

// Intent::detail of MESSAGE_REACTIONS: one of these two plus the kind of reaction, or 0 if the
// request only reads.
inline constexpr std::uint8_t kAdds = 64;
inline constexpr std::uint8_t kRemoves = 128;

std::string user_name(std::string_view run, std::uint32_t client);

// Whether the client knows what the operation needs.
bool can(Op op, const ClientState& client, const Neighbourhood& hood);

// Appends the line to `out`, without a newline. Removes from the client's memory what the request
// uses up, such as an invitation or a deleted message.
Intent write_request(const Plan& plan, std::int64_t id, ClientState& client, Neighbourhood& hood,
                     std::string& out);

// Appends `{"id":7,"op":"SEND_MESSAGE"`. The caller appends members and the closing brace.
void open_request(std::string& out, std::int64_t id, Op op);
void add_member(std::string& out, std::string_view key, std::int64_t value);
// The value must be one that needs no escape in JSON.
void add_member(std::string& out, std::string_view key, std::string_view value);
// Appends ,"text":"..." of 2 to 20 words.
void add_text(std::string& out, Rng& rng);

// Adds what the answer says to the client's memory. `intent` is what write_request() returned.
void learn(Op op, const Intent& intent, const Answer& answer, ClientState& client,
           Neighbourhood& hood);
// Corrects the client's memory when the connection broke before the answer.
void forget(Op op, const Intent& intent, ClientState& client);

}  // namespace ringside::load
