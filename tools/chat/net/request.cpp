#include "tools/chat/net/request.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <limits>
#include <span>

namespace chatd {
namespace {

constexpr std::int64_t kMaxId = std::numeric_limits<std::int64_t>::max();

struct FieldUse {
  Field field;
  bool required;
};

constexpr std::array<std::string_view, 17> kFieldNames = {
    "room", "message", "invitation", "after", "before", "limit",  "user",    "password", "token",
    "name", "topic",   "text",       "query", "add",    "remove", "private", "mine"};

using enum Field;
constexpr FieldUse kCreateRoom[] = {{name, true}, {topic, false}, {is_private, false}};
constexpr FieldUse kRoomOnly[] = {{room, true}};
constexpr FieldUse kListRooms[] = {{mine, false}, {after, false}, {limit, false}};
constexpr FieldUse kSend[] = {{room, true}, {text, true}};
constexpr FieldUse kDirect[] = {{user, true}, {text, true}};
constexpr FieldUse kEdit[] = {{message, true}, {text, true}};
constexpr FieldUse kMessageOnly[] = {{message, true}};
constexpr FieldUse kInvite[] = {{room, true}, {user, true}};
constexpr FieldUse kInvitationOnly[] = {{invitation, true}};
constexpr FieldUse kUserList[] = {{room, false}, {after, false}, {limit, false}};
constexpr FieldUse kLogin[] = {{user, false}, {password, false}, {token, false}};
constexpr FieldUse kRegister[] = {{user, true}, {password, true}};
constexpr FieldUse kReact[] = {{message, true}, {add, false}, {remove, false}};
constexpr FieldUse kSearch[] = {{query, true}, {room, false}, {limit, false}};
constexpr FieldUse kHistory[] = {{room, true}, {before, false}, {limit, false}};
constexpr FieldUse kThread[] = {{message, true}, {text, false}, {after, false}, {limit, false}};

std::span<const FieldUse> fields_of(Op op) {
  switch (op) {
    case Op::CREATE_ROOM: return kCreateRoom;
    case Op::JOIN_ROOM:
    case Op::LEAVE_ROOM: return kRoomOnly;
    case Op::LIST_ROOMS: return kListRooms;
    case Op::SEND_MESSAGE: return kSend;
    case Op::DIRECT_MESSAGE: return kDirect;
    case Op::EDIT_MESSAGE: return kEdit;
    case Op::DELETE_MESSAGE: return kMessageOnly;
    case Op::INVITE_USER: return kInvite;
    case Op::ACCEPT_INVITATION:
    case Op::DECLINE_INVITATION: return kInvitationOnly;
    case Op::LIST_INVITATIONS: return {};
    case Op::REQUEST_USER_LIST: return kUserList;
    case Op::AUTHENTICATION: return kLogin;
    case Op::REGISTRATION: return kRegister;
    case Op::MESSAGE_REACTIONS: return kReact;
    case Op::MESSAGE_SEARCH: return kSearch;
    case Op::MESSAGE_HISTORY: return kHistory;
    case Op::THREADED_REPLIES: return kThread;
  }
  return {};
}

[[noreturn]] void refuse(Error error, std::string_view field, std::string_view rule) {
  throw Refusal(error, "\"" + std::string(field) + "\": " + std::string(rule));
}

// The JSON parser has checked that the text is valid UTF-8, so C1 controls are C2 80 .. C2 9F.
bool has_control(std::string_view text, bool allow_layout) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == 0x7f) return true;
    if (byte < 0x20 && !(allow_layout && (byte == '\n' || byte == '\t'))) return true;
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0)
      return true;
  }
  return false;
}

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t'; }
bool is_blank(std::string_view text) { return std::all_of(text.begin(), text.end(), is_space); }

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::int64_t number(const Json& value, std::string_view field, std::int64_t low,
                    std::int64_t high) {
  if (!value.is_number_integer()) refuse(Error::WRONG_TYPE, field, "must be an integer");
  const bool too_big =
      value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(kMaxId);
  const std::int64_t found = too_big ? 0 : value.get<std::int64_t>();
  if (too_big || found < low || found > high) {
    refuse(Error::OUT_OF_RANGE, field,
           "must be from " + std::to_string(low) + " to " + std::to_string(high) + ", found " +
               value.dump());
  }
  return found;
}

bool boolean(const Json& value, std::string_view field) {
  if (!value.is_boolean()) refuse(Error::WRONG_TYPE, field, "must be true or false");
  return value.get<bool>();
}

const std::string& string(const Json& value, std::string_view field) {
  if (!value.is_string()) refuse(Error::WRONG_TYPE, field, "must be a string");
  return value.get_ref<const std::string&>();
}

// Free text: `text`, `topic`, `query`, reactions, room names.
std::string text_of(const Json& value, std::string_view field, std::size_t max_bytes,
                    bool may_be_empty, bool allow_layout) {
  const std::string& found = string(value, field);
  if (found.size() > max_bytes) {
    refuse(
        Error::TEXT_TOO_LONG, field,
        "at most " + std::to_string(max_bytes) + " bytes, found " + std::to_string(found.size()));
  }
  if (!may_be_empty && is_blank(found)) refuse(Error::TEXT_EMPTY, field, "must not be empty");
  if (has_control(found, allow_layout))
    refuse(Error::BAD_CHARACTER, field, "holds control characters");
  return found;
}

std::string user_name(const Json& value, std::string_view field) {
  const std::string& found = string(value, field);
  const bool good = found.size() >= 3 && found.size() <= 32 && is_alnum(found[0]) &&
                    std::all_of(found.begin(), found.end(), [](char c) {
                      return is_alnum(c) || c == '_' || c == '.' || c == '-';
                    });
  if (!good)
    refuse(Error::BAD_NAME, field, "3 to 32 of A-Z a-z 0-9 _ . -, first a letter or digit");
  return found;
}

std::string room_name(const Json& value, std::string_view field) {
  const std::string& found = string(value, field);
  if (found.size() > 64 || is_blank(found) || has_control(found, false)) {
    refuse(Error::BAD_NAME, field, "1 to 64 bytes without control characters");
  }
  return found;
}

std::string reaction(const Json& value, std::string_view field) {
  std::string found = text_of(value, field, 32, false, false);
  if (std::any_of(found.begin(), found.end(), is_space)) {
    refuse(Error::BAD_CHARACTER, field, "must hold no white space");
  }
  return found;
}

std::string password_text(const Json& value, std::string_view field) {
  const std::string& found = string(value, field);
  if (found.size() < 8 || found.size() > 128)
    refuse(Error::BAD_PASSWORD, field, "must be 8 to 128 bytes");
  return found;
}

std::string token_text(const Json& value, std::string_view field) {
  const std::string& found = string(value, field);
  const bool hex = std::all_of(found.begin(), found.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (found.size() != 64 || !hex) refuse(Error::BAD_TOKEN, field, "must be 64 hexadecimal digits");
  return found;
}

void take(Request& request, Field field, const Json& value) {
  const std::string_view label = kFieldNames[static_cast<std::size_t>(field)];
  switch (field) {
    case room: request.room = number(value, label, 1, kMaxId); break;
    case message: request.message = number(value, label, 1, kMaxId); break;
    case invitation: request.invitation = number(value, label, 1, kMaxId); break;
    case after: request.after = number(value, label, 0, kMaxId); break;
    case before: request.before = number(value, label, 1, kMaxId); break;
    case limit: request.limit = number(value, label, 1, 100); break;
    case user: request.user = user_name(value, label); break;
    case password: request.password = password_text(value, label); break;
    case token: request.token = token_text(value, label); break;
    case name: request.name = room_name(value, label); break;
    case topic: request.topic = text_of(value, label, 256, true, false); break;
    case text: request.text = text_of(value, label, kMaxTextBytes, false, true); break;
    case query: request.query = text_of(value, label, 256, false, false); break;
    case add: request.add = reaction(value, label); break;
    case remove: request.remove = reaction(value, label); break;
    case is_private: request.is_private = boolean(value, label); break;
    case mine: request.mine = boolean(value, label); break;
  }
  request.mark(field);
}

void take_id(const Json& object, Request& request) {
  const auto id = object.find("id");
  if (id == object.end() || id->is_null()) return;
  if (!id->is_number_integer() &&
      !(id->is_string() && id->get_ref<const std::string&>().size() <= 64)) {
    refuse(Error::WRONG_TYPE, "id", "must be an integer or a string of at most 64 bytes");
  }
  request.id = *id;
}

}  // namespace

bool writes(const Request& request) {
  switch (request.op) {
    case Op::LIST_ROOMS:
    case Op::LIST_INVITATIONS:
    case Op::REQUEST_USER_LIST:
    case Op::MESSAGE_SEARCH:
    case Op::MESSAGE_HISTORY: return false;
    case Op::MESSAGE_REACTIONS: return request.has(add) || request.has(remove);
    case Op::THREADED_REPLIES: return request.has(text);
    default: return true;
  }
}

Line read_line(std::string_view text_line) {
  Line line;
  line.object = Json::parse(text_line, nullptr, false);
  if (line.object.is_discarded() || !line.object.is_object()) {
    line.error = Error::BAD_JSON;
    line.message = "the line is no JSON object; send one object a line, UTF-8";
    return line;
  }
  const auto op = line.object.find("op");
  if (op == line.object.end() || !op->is_string()) {
    line.error = Error::BAD_JSON;
    line.message = "the object has no string \"op\"";
    return line;
  }
  const auto& op_name = op->get_ref<const std::string&>();
  line.op = find_op(op_name);
  if (!line.op) {
    line.error = Error::UNKNOWN_OP;
    line.message = "unknown operation \"" + op_name.substr(0, 64) + "\"";
  }
  return line;
}

void validate(const Json& object, Op op, Request& request) {
  request.op = op;
  take_id(object, request);
  for (const auto& use : fields_of(op)) {
    const std::string_view label = kFieldNames[static_cast<std::size_t>(use.field)];
    const auto found = object.find(label);
    if (found != object.end() && !found->is_null()) {
      take(request, use.field, *found);
    } else if (use.required) {
      refuse(Error::MISSING_FIELD, label, "is required");
    }
  }
  if (op == Op::AUTHENTICATION) {
    if (request.has(token) && (request.has(user) || request.has(password))) {
      throw Refusal(Error::CONFLICTING_FIELDS, "either \"token\", or \"user\" and \"password\"");
    }
    if (!request.has(token) && !request.has(user))
      refuse(Error::MISSING_FIELD, "user", "is required (or \"token\")");
    if (!request.has(token) && !request.has(password))
      refuse(Error::MISSING_FIELD, "password", "is required");
  }
  if (op == Op::MESSAGE_REACTIONS && request.has(add) && request.has(remove)) {
    throw Refusal(Error::CONFLICTING_FIELDS, "either \"add\" or \"remove\"");
  }
  if (op == Op::MESSAGE_SEARCH) request.query = fts_query(request.query);
}

std::string fts_query(std::string_view query_text) {
  std::string out;
  int words = 0;
  std::size_t at = 0;
  while (at < query_text.size()) {
    while (at < query_text.size() && is_space(query_text[at])) ++at;
    const std::size_t begin = at;
    while (at < query_text.size() && !is_space(query_text[at])) ++at;
    std::string_view word = query_text.substr(begin, at - begin);
    const bool last = query_text.find_first_not_of(" \n\t", at) == std::string_view::npos;
    const bool prefix = last && word.size() > 1 && word.back() == '*';
    if (prefix) word.remove_suffix(1);
    // FTS5 finds no token in a word without a letter or digit. Such a word would be an empty
    // phrase, which matches nothing or everything.
    const bool has_token = std::any_of(word.begin(), word.end(), [](char c) {
      return is_alnum(c) || static_cast<unsigned char>(c) >= 0x80;
    });
    if (!has_token) continue;
    if (++words > 16) throw Refusal(Error::BAD_QUERY, "\"query\": at most 16 words");
    if (!out.empty()) out += ' ';
    out += '"';
    for (const char c : word) {
      if (c == '"') out += '"';
      out += c;
    }
    out += '"';
    if (prefix) out += '*';
  }
  if (words == 0) throw Refusal(Error::BAD_QUERY, "\"query\": holds no word");
  return out;
}

bool looks_like_injection(const Json& object) {
  static constexpr std::string_view kMarks[] = {
      "' or ",   "\" or ",      "'--", "';", "union select", "drop table",
      "<script", "javascript:", "../", "${", "$(",           "%00"};
  for (const auto& [key, value] : object.items()) {
    if (!value.is_string() || key == "text" || key == "password" || key == "id") continue;
    std::string lower = value.get<std::string>();
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const auto mark : kMarks) {
      if (lower.find(mark) != std::string::npos) return true;
    }
  }
  return false;
}

}  // namespace chatd
