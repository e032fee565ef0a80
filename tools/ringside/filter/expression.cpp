#include "tools/ringside/filter/expression.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "daemon/config/config_keys.h"
#include "report/model/format.h"

namespace ringside::tool {

namespace {

constexpr std::size_t kMostDepth = 100;
constexpr std::string_view kStagePrefix = "stage.";

struct FieldWord {
  const char* word;
  Field field;
};
constexpr FieldWord kFieldWords[] = {
    {"failed", Field::failed},   {"op", Field::op},           {"category", Field::category},
    {"kind", Field::kind},       {"outcome", Field::outcome}, {"error", Field::error},
    {"latency", Field::latency}, {"age", Field::age},         {"actor", Field::actor},
    {"subject", Field::subject}, {"value", Field::value},     {"during", Field::during},
    {"lane", Field::lane},       {"thread", Field::thread},   {"position", Field::position},
};
struct RelationWord {
  std::string_view word;
  Relation relation;
};
// The longer ones first.
constexpr RelationWord kRelations[] = {
    {"==", Relation::eq}, {"!=", Relation::ne},     {"<=", Relation::le},
    {">=", Relation::ge}, {"!~", Relation::unlike}, {"=", Relation::eq},
    {"<", Relation::lt},  {">", Relation::gt},      {"~", Relation::like},
};

constexpr std::string_view kBlanks = " \t\n\r";
constexpr std::string_view kMarks = "()<>=!~\"'";

class Reader {
 public:
  Reader(const std::string& text, std::size_t at, FilterError& error)
      : text_(text), at_(at), error_(error) {}

  bool whole(Wanted& out) {
    if (!any(out, 0)) return false;
    skip();
    if (at_ == text_.size()) return true;
    const Token token = peek();
    return fail(token.place, found(token) + ", expected `and`, `or`, or the end",
                token.word == ")" ? "remove the bracket, or write the one that opens it"
                                  : "join two conditions with `and` or `or`");
  }

  bool condition(Condition& out) {
    const Token field = take();
    if (!read_field(field, out)) return false;
    if (out.field == Field::failed) return true;
    skip();
    const auto* relation =
        std::find_if(std::begin(kRelations), std::end(kRelations), [&](const RelationWord& one) {
          return std::string_view(text_).substr(at_).starts_with(one.word);
        });
    if (relation == std::end(kRelations)) {
      return fail(peek().place, found(peek()) + ", expected one of = != < <= > >= ~ !~",
                  "compare `" + field.word + "` with something, e.g. " + example(out.field));
    }
    out.relation = relation->relation;
    at_ += relation->word.size();
    const Token value = take();
    if (value.unended) {
      return fail(value.place, "found a quotation mark that no other one ends",
                  "write the same mark at the end of the text");
    }
    if (!value.is_text()) {
      return fail(value.place, found(value) + ", expected a value, e.g. " + example(out.field),
                  "put a text with blanks or brackets into quotation marks");
    }
    out.value = value.word;
    out.of_value = value.place;
    return true;
  }

  bool ended() {
    skip();
    return at_ == text_.size();
  }
  bool fail_after() {
    return fail(peek().place, found(peek()) + ", expected the end",
                "give one condition here; -q takes whole expressions");
  }

 private:
  struct Token {
    std::string word;
    Place place;
    bool quoted = false;
    bool unended = false;
    bool is_text() const {
      return quoted || (!word.empty() && kMarks.find(word[0]) == std::string_view::npos);
    }
  };

  bool fail(const Place& place, std::string what, std::string next) {
    error_ = {place, std::move(what), std::move(next)};
    return false;
  }
  static std::string found(const Token& token) {
    return token.word.empty() && !token.quoted ? "found the end"
                                               : "found `" + escape_visible(token.word) + "`";
  }

  void skip() {
    while (at_ < text_.size() && kBlanks.find(text_[at_]) != std::string_view::npos) ++at_;
  }

  Token peek() {
    const std::size_t before = at_;
    Token token = take();
    at_ = before;
    return token;
  }

  // A quoted text, a mark, or what goes on until a blank or a mark.
  Token take() {
    skip();
    const std::size_t begin = at_;
    Token token;
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
      const char quote = text_[at_++];
      token.quoted = true;
      while (at_ < text_.size() && text_[at_] != quote) {
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
        token.word += text_[at_++];
      }
      token.unended = at_ == text_.size();
      if (!token.unended) ++at_;
    } else if (at_ < text_.size() && kMarks.find(text_[at_]) != std::string_view::npos) {
      token.word = text_[at_++];
    } else {
      while (at_ < text_.size() && kBlanks.find(text_[at_]) == std::string_view::npos &&
             kMarks.find(text_[at_]) == std::string_view::npos) {
        token.word += text_[at_++];
      }
    }
    token.place = {text_, begin, std::max<std::size_t>(1, at_ - begin)};
    return token;
  }

  bool take_word(std::string_view word) {
    const Token token = peek();
    if (token.quoted || token.word != word) return false;
    take();
    return true;
  }

  bool any(Wanted& out, std::size_t depth) {
    return joined(out, Wanted::Kind::any, "or", depth, &Reader::all);
  }
  bool all(Wanted& out, std::size_t depth) {
    return joined(out, Wanted::Kind::all, "and", depth, &Reader::factor);
  }
  bool joined(Wanted& out, Wanted::Kind kind, std::string_view word, std::size_t depth,
              bool (Reader::*part)(Wanted&, std::size_t)) {
    Wanted first;
    if (!(this->*part)(first, depth)) return false;
    if (!take_word(word)) {
      out = std::move(first);
      return true;
    }
    out.kind = kind;
    out.parts.push_back(std::move(first));
    do {
      Wanted next;
      if (!(this->*part)(next, depth)) return false;
      out.parts.push_back(std::move(next));
    } while (take_word(word));
    return true;
  }
  bool factor(Wanted& out, std::size_t depth) {
    const Token token = peek();
    if (depth > kMostDepth) {
      return fail(token.place, "found more than 100 brackets in brackets, expected fewer",
                  "write the expression with fewer brackets");
    }
    if (take_word("not")) {
      out.kind = Wanted::Kind::none_of;
      return factor(out.parts.emplace_back(), depth + 1);
    }
    if (take_word("(")) {
      if (!any(out, depth + 1)) return false;
      if (take_word(")")) return true;
      return fail(peek().place, found(peek()) + ", expected `)`", "close the bracket");
    }
    out.kind = Wanted::Kind::condition;
    return condition(out.condition);
  }

  bool read_field(const Token& token, Condition& out) {
    out.of_field = token.place;
    if (token.unended || token.quoted || !token.is_text()) {
      return fail(token.place, found(token) + ", expected a condition, e.g. latency > 50ms",
                  "begin it with one of: " + fields());
    }
    if (token.word.starts_with(kStagePrefix) && token.word.size() > kStagePrefix.size()) {
      out.field = Field::stage;
      out.stage = token.word.substr(kStagePrefix.size());
      return true;
    }
    for (const FieldWord& one : kFieldWords) {
      if (token.word != one.word) continue;
      out.field = one.field;
      return true;
    }
    std::vector<std::string> words;
    for (const FieldWord& one : kFieldWords) words.emplace_back(one.word);
    const std::string nearest = nearest_name(token.word, words);
    return fail(token.place,
                found(token) + ", expected a field" +
                    (nearest.empty() ? "" : "; nearest: `" + nearest + "`"),
                "use one of: " + fields());
  }
  static std::string fields() {
    std::string text;
    for (const FieldWord& one : kFieldWords) text += std::string(one.word) + ", ";
    return text + "stage.NAME";
  }
  static std::string example(Field field) {
    switch (field) {
      case Field::failed: return "failed";
      case Field::op: return "op ~ \"SEND_*\"";
      case Field::category: return "category = message";
      case Field::kind: return "kind = event";
      case Field::outcome: return "outcome = timeout";
      case Field::error: return "error != 0";
      case Field::latency: return "latency > 50ms";
      case Field::age: return "age < 10s";
      case Field::actor: return "actor = alice";
      case Field::subject: return "subject = room:7";
      case Field::value: return "value > 3";
      case Field::during: return "during = SEND_MESSAGE";
      case Field::lane: return "lane = 3";
      case Field::thread: return "thread ~ \"worker-*\"";
      case Field::position: return "position >= 1000";
      case Field::stage: return "stage.database > 20ms";
    }
    return {};
  }

  const std::string& text_;
  std::size_t at_;
  FilterError& error_;
};

}  // namespace

std::string FilterError::text() const {
  // The marks stand under the escaped text, so its columns count.
  const std::string_view whole = place.text;
  const std::size_t at = std::min(place.at, whole.size());
  const std::size_t before = display_width(escape_visible(whole.substr(0, at)));
  const std::size_t marks = display_width(escape_visible(whole.substr(at, place.length)));
  return what + "\n  " + escape_visible(whole) + "\n  " + std::string(before, ' ') +
         std::string(std::max<std::size_t>(1, marks), '^') + "\n  next: " + next;
}

bool read_expression(const std::string& text, Wanted& out, FilterError& error) {
  return Reader(text, 0, error).whole(out);
}

bool read_condition(const std::string& flag, const std::string& text, std::string_view field,
                    Condition& out, FilterError& error) {
  // The reader sees field and text as one. An error shows what was written.
  const std::string whole = std::string(field) + text;
  const std::string shown = flag + " " + text;
  const auto move = [&](Place& place) {
    const std::size_t at = place.at < field.size() ? 0 : place.at - field.size();
    const std::size_t cut = place.at < field.size() ? field.size() - place.at : 0;
    place.length = std::max<std::size_t>(1, place.length - std::min(cut, place.length));
    place.at = flag.size() + 1 + at;
    place.text = shown;
  };
  Reader reader(whole, 0, error);
  bool read = reader.condition(out);
  if (read && !reader.ended()) read = reader.fail_after();
  if (!read) move(error.place);
  if (read) {
    move(out.of_field);
    move(out.of_value);
  }
  return read;
}

}  // namespace ringside::tool
