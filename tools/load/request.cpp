#include "tools/load/request.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace ringside::load {
namespace {

// An id that the server has never given away. A client asks for it when it knows no other.
constexpr std::int64_t kNowhere = std::int64_t{1} << 62;
constexpr std::size_t kMessagesKept = 32;
constexpr std::size_t kReactionsKept = 32;
constexpr std::size_t kVisitsKept = 16;
constexpr std::size_t kBoardKept = 32;
constexpr std::size_t kPublicRoomsKept = 64;

// No word here needs an escape in JSON.
constexpr std::array<std::string_view, 48> kWords = {
    "hello",    "release", "tonight",  "build",    "green",   "ring",   "lunch",  "meeting",
    "later",    "thanks",  "deploy",   "metrics",  "Grüße",   "café",   "please", "look",
    "at",       "the",     "graph",    "again",    "latency", "is",     "fine",   "now",
    "who",      "broke",   "it",       "rollback", "done",    "merged", "review", "ticket",
    "customer", "asks",    "for",      "dark",     "mode",    "ship",   "on",     "Friday",
    "never",    "backup",  "restored", "twice",    "coffee",  "naïve",  "queue",  "empty",
};
static_assert(!kWords.back().empty());
constexpr std::array<std::string_view, 8> kReactions = {"👍", "🎉", "❤️", "😄", "👀", "🚀", "+1", "ok"};

template <typename T>
void keep(std::vector<T>& list, T item, std::size_t limit) {
  if (list.size() >= limit) list.erase(list.begin());
  list.push_back(std::move(item));
}

template <typename T>
const T& any_of(const std::vector<T>& list, Rng& rng) {
  return list[rng.below(static_cast<std::uint32_t>(list.size()))];
}

bool visits(const ClientState& client, std::int64_t room) {
  return std::any_of(client.visits.begin(), client.visits.end(),
                     [room](const Visit& v) { return v.room == room; });
}

void drop_visit(ClientState& client, std::int64_t room) {
  std::erase_if(client.visits, [room](const Visit& v) { return v.room == room; });
}

// A public room that the client is not in. The search starts at `start`. 0 if there is none.
std::int64_t room_to_join(const ClientState& client, const Neighbourhood& hood,
                          std::uint32_t start) {
  const std::size_t count = hood.homes.size() + hood.public_rooms.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = (start + i) % count;
    const bool is_home = at < hood.homes.size();
    if (is_home && at == client.home_index) continue;
    const std::int64_t room = is_home ? hood.homes[at] : hood.public_rooms[at - hood.homes.size()];
    if (!visits(client, room)) return room;
  }
  return 0;
}

// Takes the oldest room that the client may leave from its list. 0 if there is none.
std::int64_t take_room_to_leave(ClientState& client) {
  const auto found = std::find_if(client.visits.begin(), client.visits.end(),
                                  [](const Visit& v) { return v.confirmed; });
  if (found == client.visits.end()) return 0;
  const std::int64_t room = found->room;
  client.visits.erase(found);
  return room;
}

// Mostly the home, now and then a room that the client visits.
std::int64_t room_to_talk_in(const ClientState& client, const Neighbourhood& hood, Rng& rng) {
  if (!client.visits.empty() && rng.below(5) == 0) {
    const Visit& visit = any_of(client.visits, rng);
    if (visit.confirmed) return visit.room;
  }
  return hood.homes[client.home_index];
}

std::int64_t message_to_read(const ClientState& client, const Neighbourhood& hood, Rng& rng) {
  const std::vector<std::int64_t>& board = hood.boards[client.home_index];
  if (!board.empty()) return any_of(board, rng);
  return client.messages.empty() ? kNowhere : any_of(client.messages, rng);
}

void add_flag(std::string& out, std::string_view key) {
  out += ",\"";
  out += key;
  out += "\":true";
}

Intent write_reaction(ClientState& client, const Neighbourhood& hood, Rng& rng, std::string& out) {
  const std::uint32_t choice = rng.below(10);
  if (choice < 2 && !client.reactions.empty()) {  // takes an earlier reaction back
    const Reaction reaction = client.reactions.front();
    client.reactions.erase(client.reactions.begin());
    add_member(out, "message", reaction.message);
    add_member(out, "remove", kReactions[reaction.kind]);
    return {reaction.message, static_cast<std::uint8_t>(kRemoves + reaction.kind)};
  }
  const std::int64_t message = message_to_read(client, hood, rng);
  add_member(out, "message", message);
  if (choice < 7) {
    const auto kind = static_cast<std::uint8_t>(rng.below(kReactions.size()));
    const bool done =
        std::any_of(client.reactions.begin(), client.reactions.end(),
                    [&](const Reaction& r) { return r.message == message && r.kind == kind; });
    if (!done) {  // a second time would be rejected: then the request only reads
      add_member(out, "add", kReactions[kind]);
      return {message, static_cast<std::uint8_t>(kAdds + kind)};
    }
  }
  return {message, 0};
}

Intent write_room(const Plan& plan, const Neighbourhood& hood, Rng& rng, std::string& out) {
  out += ",\"name\":\"";
  out += hood.run;
  out += " room ";
  out += std::to_string(plan.number);
  out += '"';
  if (rng.below(2) == 0) {
    add_member(out, "topic", kWords[rng.below(kWords.size())]);
  }
  const bool is_private = rng.below(4) == 0;
  if (is_private) add_flag(out, "private");
  return {0, static_cast<std::uint8_t>(is_private ? 1 : 0)};
}

}  // namespace

std::string user_name(std::string_view run, std::uint32_t client) {
  return std::string(run) + ".c" + std::to_string(client);
}

void open_request(std::string& out, std::int64_t id, Op op) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, id).ptr;
  out += "{\"id\":";
  out.append(digits, end);
  out += ",\"op\":\"";
  out += name_of(op);
  out += '"';
}

void add_member(std::string& out, std::string_view key, std::int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out += ",\"";
  out += key;
  out += "\":";
  out.append(digits, end);
}

void add_member(std::string& out, std::string_view key, std::string_view value) {
  out += ",\"";
  out += key;
  out += "\":\"";
  out += value;
  out += '"';
}

void add_text(std::string& out, Rng& rng) {
  out += ",\"text\":\"";
  const std::uint32_t words = 2 + rng.below(19);
  for (std::uint32_t i = 0; i < words; ++i) {
    if (i != 0) out += ' ';
    out += kWords[rng.below(kWords.size())];
  }
  out += '"';
}

bool can(Op op, const ClientState& client, const Neighbourhood& hood) {
  switch (op) {
    case Op::JOIN_ROOM:
      return client.visits.size() < kVisitsKept && room_to_join(client, hood, 0) != 0;
    case Op::LEAVE_ROOM:
      return std::any_of(client.visits.begin(), client.visits.end(),
                         [](const Visit& v) { return v.confirmed; });
    case Op::EDIT_MESSAGE:
    case Op::DELETE_MESSAGE:
      return !client.messages.empty();
    case Op::ACCEPT_INVITATION:
    case Op::DECLINE_INVITATION:
      return !client.invitations.empty();
    case Op::MESSAGE_REACTIONS:
    case Op::THREADED_REPLIES:
      return !client.messages.empty() || !hood.boards[client.home_index].empty();
    default:
      return true;
  }
}

Intent write_request(const Plan& plan, std::int64_t id, ClientState& client, Neighbourhood& hood,
                     std::string& out) {
  Rng rng(plan.draw);
  Intent intent;
  open_request(out, id, plan.op);
  switch (plan.op) {
    case Op::REGISTRATION:
      out += ",\"user\":\"" + hood.run + ".n" + std::to_string(plan.number) +
             "\",\"password\":\"newcomer ";
      out += std::to_string(plan.draw) + "\"";
      break;
    case Op::AUTHENTICATION:
      if (plan.by_password || client.token.empty()) {
        add_member(out, "user", client.user);
        add_member(out, "password", client.password);
      } else {
        add_member(out, "token", client.token);
      }
      break;
    case Op::CREATE_ROOM:
      intent = write_room(plan, hood, rng, out);
      break;
    case Op::JOIN_ROOM:
      intent.subject = room_to_join(client, hood, rng.below(1U << 16));
      if (intent.subject == 0) intent.subject = kNowhere;
      else client.visits.push_back({intent.subject, false});
      add_member(out, "room", intent.subject);
      break;
    case Op::LEAVE_ROOM:
      intent.subject = take_room_to_leave(client);
      if (intent.subject == 0) intent.subject = kNowhere;
      add_member(out, "room", intent.subject);
      break;
    case Op::LIST_ROOMS:
      if (rng.below(3) == 0) add_flag(out, "mine");
      else
        add_member(out, "after",
                   hood.homes[rng.below(static_cast<std::uint32_t>(hood.homes.size()))] - 1);
      add_member(out, "limit", std::int64_t{20});
      break;
    case Op::SEND_MESSAGE:
      intent.subject = room_to_talk_in(client, hood, rng);
      add_member(out, "room", intent.subject);
      add_text(out, rng);
      break;
    case Op::DIRECT_MESSAGE: {
      const std::uint32_t other = hood.clients < 2 ? 0 : 1 + rng.below(hood.clients - 1);
      add_member(out, "user", user_name(hood.run, (client.index + other) % hood.clients));
      add_text(out, rng);
      break;
    }
    case Op::EDIT_MESSAGE:
      intent.subject = client.messages.empty() ? kNowhere : any_of(client.messages, rng);
      add_member(out, "message", intent.subject);
      add_text(out, rng);
      break;
    case Op::DELETE_MESSAGE:
      intent.subject = kNowhere;
      if (!client.messages.empty()) {
        intent.subject = client.messages.front();
        client.messages.erase(client.messages.begin());
        std::erase(hood.boards[client.home_index], intent.subject);
      }
      add_member(out, "message", intent.subject);
      break;
    case Op::INVITE_USER: {
      const std::uint32_t other = hood.clients < 2 ? 0 : 1 + client.invited++ % (hood.clients - 1);
      add_member(out, "room", client.den);
      add_member(out, "user", user_name(hood.run, (client.index + other) % hood.clients));
      break;
    }
    case Op::ACCEPT_INVITATION:
    case Op::DECLINE_INVITATION:
      intent.subject = kNowhere;
      if (!client.invitations.empty()) {
        intent.subject = client.invitations.front();
        client.invitations.erase(client.invitations.begin());
      }
      add_member(out, "invitation", intent.subject);
      break;
    case Op::REQUEST_USER_LIST:
      if (rng.below(2) == 0) add_member(out, "room", hood.homes[client.home_index]);
      add_member(out, "limit", std::int64_t{20});
      break;
    case Op::MESSAGE_REACTIONS:
      intent = write_reaction(client, hood, rng, out);
      break;
    case Op::MESSAGE_SEARCH:
      out += ",\"query\":\"";
      out += kWords[rng.below(kWords.size())];
      if (rng.below(2) == 0) {
        out += ' ';
        out += kWords[rng.below(kWords.size())];
      }
      out += '"';
      if (rng.below(2) == 0) add_member(out, "room", hood.homes[client.home_index]);
      add_member(out, "limit", std::int64_t{10});
      break;
    case Op::MESSAGE_HISTORY: {
      add_member(out, "room", room_to_talk_in(client, hood, rng));
      const std::vector<std::int64_t>& board = hood.boards[client.home_index];
      if (!board.empty() && rng.below(4) == 0) add_member(out, "before", board.front());
      add_member(out, "limit", std::int64_t{20});
      break;
    }
    case Op::THREADED_REPLIES:
      intent.subject = message_to_read(client, hood, rng);
      add_member(out, "message", intent.subject);
      if (rng.below(5) < 3) add_text(out, rng);
      else add_member(out, "limit", std::int64_t{20});
      break;
    case Op::LIST_INVITATIONS:
    case Op::none:
      break;
  }
  out += '}';
  return intent;
}

void learn(Op op, const Intent& intent, const Answer& answer, ClientState& client,
           Neighbourhood& hood) {
  // The request may be tried again: it changed nothing on the server.
  const bool again = !answer.ok && is_transient(answer.code);
  switch (op) {
    case Op::AUTHENTICATION:
      if (answer.ok && !answer.token.empty()) client.token = answer.token;
      break;
    case Op::CREATE_ROOM:
      if (answer.ok) {
        client.visits.push_back({answer.room_id, true});
        if (intent.detail == 0) keep(hood.public_rooms, answer.room_id, kPublicRoomsKept);
      }
      break;
    case Op::JOIN_ROOM:
      if (answer.ok || answer.code == code::ALREADY_MEMBER) {
        for (Visit& visit : client.visits) {
          if (visit.room == intent.subject) visit.confirmed = true;
        }
      } else {
        drop_visit(client, intent.subject);
      }
      break;
    case Op::LEAVE_ROOM:
      if (again && intent.subject != kNowhere) client.visits.push_back({intent.subject, true});
      break;
    case Op::SEND_MESSAGE:
      // Messages in visited rooms are not kept: the client may not edit them once it has left.
      if (answer.ok && intent.subject == hood.homes[client.home_index]) {
        keep(client.messages, answer.message_id, kMessagesKept);
        keep(hood.boards[client.home_index], answer.message_id, kBoardKept);
      }
      break;
    case Op::DIRECT_MESSAGE:
    case Op::THREADED_REPLIES:
      if (answer.ok && answer.message_id != 0)
        keep(client.messages, answer.message_id, kMessagesKept);
      break;
    case Op::ACCEPT_INVITATION:
      if (answer.ok) client.visits.push_back({answer.room_id, true});
      if (again && intent.subject != kNowhere) client.invitations.push_back(intent.subject);
      break;
    case Op::DECLINE_INVITATION:
      if (again && intent.subject != kNowhere) client.invitations.push_back(intent.subject);
      break;
    case Op::MESSAGE_REACTIONS:
      if (intent.detail >= kRemoves ? again : intent.detail >= kAdds && answer.ok) {
        keep(client.reactions,
             Reaction{intent.subject, static_cast<std::uint8_t>(intent.detail % kAdds)},
             kReactionsKept);
      }
      break;
    case Op::DELETE_MESSAGE:
      if (again && intent.subject != kNowhere) keep(client.messages, intent.subject, kMessagesKept);
      break;
    default:
      break;
  }
}

void forget(Op op, const Intent& intent, ClientState& client) {
  if (op == Op::JOIN_ROOM) drop_visit(client, intent.subject);
}

}  // namespace ringside::load
