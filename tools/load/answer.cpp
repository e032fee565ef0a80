#include "tools/load/answer.h"

#include <charconv>

namespace ringside::load {
namespace {

// A cursor over one line. Every step returns whether the text is what JSON has there. The caller
// gives up at the first step that returns false.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  char peek() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
    return at_ == end_ ? '\0' : *at_;
  }
  bool take(char wanted) {
    if (peek() != wanted || at_ == end_) return false;
    ++at_;
    return true;
  }
  // The raw contents. Escapes stay as they are, because no field that we use has any.
  bool string(std::string_view& out) {
    if (!take('"')) return false;
    const char* const begin = at_;
    for (; at_ != end_; ++at_) {
      if (*at_ == '"') {
        out = {begin, static_cast<std::size_t>(at_ - begin)};
        ++at_;
        return true;
      }
      if (*at_ == '\\' && ++at_ == end_) return false;
    }
    return false;
  }
  // A string. Any other value, such as null, is skipped and leaves `out` as it is.
  bool string_or_null(std::string_view& out) { return peek() == '"' ? string(out) : skip(); }
  // An integer. For any other value `is_integer` becomes false, and the value is skipped.
  bool integer(std::int64_t& out, bool& is_integer) {
    peek();
    const auto [rest, status] = std::from_chars(at_, end_, out);
    is_integer =
        status == std::errc{} && (rest == end_ || (*rest != '.' && *rest != 'e' && *rest != 'E'));
    if (!is_integer) return skip();
    at_ = rest;
    return true;
  }
  bool boolean(bool& out) {
    peek();
    if (literal("true")) {
      out = true;
      return true;
    }
    out = false;
    return literal("false");
  }
  // Any value. Brackets are counted, not matched by kind. The line is our own server's, and a wrong
  // bracket shows in the comma or brace that is then missing behind the value.
  bool skip() {
    std::string_view ignored;
    switch (peek()) {
      case '"':
        return string(ignored);
      case '{':
      case '[':
        return skip_nested();
      default: {
        const char* const begin = at_;
        while (at_ != end_ && *at_ != ',' && *at_ != '}' && *at_ != ']' && *at_ != ' ') ++at_;
        return at_ != begin;
      }
    }
  }

 private:
  bool literal(std::string_view word) {
    if (static_cast<std::size_t>(end_ - at_) < word.size() ||
        std::string_view(at_, word.size()) != word)
      return false;
    at_ += word.size();
    return true;
  }
  bool skip_nested() {
    std::string_view ignored;
    int depth = 0;
    while (at_ != end_) {
      switch (*at_) {
        case '"':
          if (!string(ignored)) return false;
          continue;
        case '{':
        case '[':
          ++depth;
          break;
        case '}':
        case ']':
          if (--depth == 0) {
            ++at_;
            return true;
          }
          break;
        default:
          break;
      }
      ++at_;
    }
    return false;
  }

  const char* at_;
  const char* end_;
};

// Successful answers to these operations may be long and hold nothing that the load uses.
bool lists_things(std::string_view op) {
  return op == "MESSAGE_HISTORY" || op == "MESSAGE_SEARCH" || op == "LIST_ROOMS" ||
         op == "REQUEST_USER_LIST" || op == "LIST_INVITATIONS" || op == "MESSAGE_REACTIONS";
}

bool scan_error(Scanner& in, Answer& answer) {
  if (in.peek() != '{') return in.skip();
  in.take('{');
  if (in.take('}')) return true;
  do {
    std::string_view key;
    if (!in.string(key) || !in.take(':')) return false;
    if (key == "code") {
      std::int64_t code = 0;
      bool is_integer = false;
      if (!in.integer(code, is_integer)) return false;
      if (is_integer && code > 0 && code < 100000) answer.code = static_cast<int>(code);
    } else if (key == "name") {
      if (!in.string_or_null(answer.code_name)) return false;
    } else if (!in.skip()) {
      return false;
    }
  } while (in.take(','));
  return in.take('}');
}

}  // namespace

Answer scan_answer(std::string_view line) {
  Scanner in(line);
  Answer answer;
  bool saw_id = false;
  bool saw_op = false;
  bool saw_ok = false;
  if (!in.take('{')) return answer;
  do {
    std::string_view key;
    if (!in.string(key) || !in.take(':')) return answer;
    bool good = true;
    bool is_integer = false;
    if (key == "id") {
      saw_id = true;
      good = in.integer(answer.id, answer.has_id);
    } else if (key == "op") {
      saw_op = true;
      good = in.string_or_null(answer.op);
    } else if (key == "ok") {
      saw_ok = true;
      good = in.boolean(answer.ok);
    } else if (key == "event") {
      good = in.string(answer.event);
      if (good && answer.event != "invitation") {
        answer.kind = Answer::Kind::push;
        return answer;
      }
    } else if (key == "error") {
      good = scan_error(in, answer);
    } else if (key == "room_id") {
      good = in.integer(answer.room_id, is_integer);
    } else if (key == "message_id") {
      good = in.integer(answer.message_id, is_integer);
    } else if (key == "invitation_id") {
      good = in.integer(answer.invitation_id, is_integer);
    } else if (key == "token") {
      good = in.string_or_null(answer.token);
    } else {
      good = in.skip();
    }
    if (!good) return answer;
    if (saw_id && saw_op && saw_ok && answer.ok && lists_things(answer.op)) {
      answer.kind = Answer::Kind::answer;
      return answer;
    }
  } while (in.take(','));
  if (!in.take('}') || in.peek() != '\0') return answer;
  if (!answer.event.empty()) {
    answer.kind = Answer::Kind::push;
  } else if (saw_ok && saw_op && saw_id && (answer.ok || answer.code != 0)) {
    answer.kind = Answer::Kind::answer;
  }
  return answer;
}

}  // namespace ringside::load
