#include "tools/ringside/filter/binder.h"

#include <arpa/inet.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/config/config_keys.h"
#include "daemon/config/units.h"
#include "report/model/format.h"
#include "shm/address.h"
#include "shm/labels.h"
#include "shm/words.h"
#include "tools/ringside/filter/moment.h"

namespace ringside::tool {

namespace {

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> address_of(const std::string& text) {
  unsigned char bytes[16];
  // A network of IPv6 is written as readers show it, 2001:db8::/64.
  const std::string plain = text.ends_with("/64") ? text.substr(0, text.size() - 3) : text;
  if (inet_pton(AF_INET, plain.c_str(), bytes) == 1) return address_id(bytes, 4);
  if (inet_pton(AF_INET6, plain.c_str(), bytes) == 1) return address_id(bytes, 16);
  return std::nullopt;
}

std::optional<LabelKind> party_kind(std::string_view word, bool actor) {
  constexpr std::pair<std::string_view, LabelKind> kActors[] = {
      {"user", LabelKind::user}, {"session", LabelKind::session}, {"address", LabelKind::address}};
  constexpr std::pair<std::string_view, LabelKind> kSubjects[] = {{"room", LabelKind::room},
                                                                  {"message", LabelKind::message},
                                                                  {"user", LabelKind::user},
                                                                  {"address", LabelKind::address}};
  if (actor) {
    for (const auto& [name, kind] : kActors)
      if (word == name) return kind;
  } else {
    for (const auto& [name, kind] : kSubjects)
      if (word == name) return kind;
  }
  return std::nullopt;
}

bool takes_pattern(Relation relation) {
  return relation == Relation::like || relation == Relation::unlike;
}
bool takes_order(Relation relation) { return relation >= Relation::lt && relation <= Relation::ge; }

class Binder {
 public:
  Binder(const RingFile& file, std::uint64_t reference_ticks, FilterError& error)
      : file_(file), reference_ticks_(reference_ticks), error_(error) {}

  bool bind(const Wanted& wanted, BoundWanted& out) {
    out.kind = wanted.kind;
    if (wanted.kind == Wanted::Kind::condition) return bind(wanted.condition, out.test);
    for (const Wanted& part : wanted.parts) {
      if (!bind(part, out.parts.emplace_back())) return false;
    }
    return true;
  }

 private:
  bool bind(const Condition& condition, Test& out) {
    out.field = condition.field;
    out.relation = condition.relation;
    switch (condition.field) {
      case Field::failed: return true;
      case Field::op:
      case Field::during: return of_names(condition, out);
      case Field::category: return of_categories(condition, out);
      case Field::kind: return of_kinds(condition, out);
      case Field::outcome: return of_outcomes(condition, out);
      case Field::error: return of_errors(condition, out);
      case Field::latency: return no_pattern(condition) && of_span(condition, out);
      case Field::age: return no_pattern(condition) && of_age(condition, out);
      case Field::actor:
      case Field::subject: return of_parties(condition, out);
      case Field::value:
      case Field::lane:
      case Field::position: return no_pattern(condition) && of_number(condition, out);
      case Field::thread: return of_threads(condition, out);
      case Field::stage:
        return no_pattern(condition) && of_stage(condition, out) && of_span(condition, out);
    }
    return false;
  }

  bool fail(const Place& place, std::string what, std::string next) {
    error_ = {place, std::move(what), std::move(next)};
    return false;
  }
  bool miss(const Place& place, std::string what, std::string next) {
    fail(place, std::move(what), std::move(next));
    error_.missing = true;
    return false;
  }
  bool expected(const Condition& condition, const std::string& what, std::string next) {
    return fail(condition.of_value,
                "found `" + escape_visible(condition.value) + "`, expected " + what,
                std::move(next));
  }
  bool no_pattern(const Condition& condition) {
    return !takes_pattern(condition.relation) ||
           fail(condition.of_field, "found ~ with a number, expected = != < <= > or >=",
                "~ compares names with a pattern, e.g. op ~ \"SEND_*\"");
  }
  bool no_order(const Condition& condition) {
    return !takes_order(condition.relation) ||
           fail(condition.of_field, "found an order between names, expected = != ~ or !~",
                "compare names with =, or with a pattern after ~");
  }
  // Names what is nearest to what the ring does not have.
  bool unknown(const Condition& condition, const char* what, const std::vector<std::string>& known,
               const char* next) {
    const std::string nearest = nearest_name(condition.value, known);
    return miss(condition.of_value,
                std::string("no ") + what + (takes_pattern(condition.relation) ? " like `" : " `") +
                    escape_visible(condition.value) + "` in this ring" +
                    (nearest.empty() ? "" : "; nearest: `" + escape_visible(nearest) + "`"),
                next);
  }
  // What the condition says of a text.
  static bool said_of(const Condition& condition, const std::string& text) {
    return takes_pattern(condition.relation)
               ? fnmatch(condition.value.c_str(), text.c_str(), 0) == 0
               : text == condition.value;
  }

  // Marks each id of which `name` is meant. `name` is empty for ids that have none.
  bool of_ids(const Condition& condition, Test& out, const char* what,
              const std::function<std::string(std::uint16_t)>& name) {
    if (!no_order(condition)) return false;
    std::vector<std::string> known;
    for (std::uint16_t id = 0; id < kIdCount; ++id) {
      const std::string text = name(id);
      if (text.empty()) continue;
      out.ids[id] = said_of(condition, text);
      if (std::find(known.begin(), known.end(), text) == known.end()) known.push_back(text);
    }
    return out.ids.any() ||
           unknown(condition, what, known, "`ringside inspect RING` shows the names that it has");
  }
  bool of_names(const Condition& condition, Test& out) {
    const bool during = condition.field == Field::during;
    return of_ids(condition, out, during ? "operation" : "operation or event",
                  [&](std::uint16_t id) {
                    // What has no name is called by its number, as readers show it.
                    const std::string& shown = file_.operation_name(id);
                    const bool meant = file_.entry(id) != nullptr || said_of(condition, shown);
                    return meant && !(during && id >= kFirstEvent) ? shown : std::string();
                  });
  }
  bool of_categories(const Condition& condition, Test& out) {
    return of_ids(condition, out, "category", [&](std::uint16_t id) {
      const NameEntry* entry = file_.entry(id);
      return entry != nullptr ? entry->category : std::string();
    });
  }

  bool of_kinds(const Condition& condition, Test& out) {
    if (!no_order(condition)) return false;
    if (condition.value != "operation" && condition.value != "event")
      return expected(condition, "operation or event", "write one of the two");
    out.number =
        static_cast<std::int64_t>(condition.value == "event" ? Kind::event : Kind::operation);
    return true;
  }
  bool of_outcomes(const Condition& condition, Test& out) {
    if (!no_order(condition)) return false;
    std::string words;
    for (unsigned i = 0; i < kOutcomeCount; ++i) {
      if (said_of(condition, kOutcomeWords[i])) out.outcomes |= 1U << i;
      words += std::string(i == 0 ? "" : ", ") + kOutcomeWords[i];
    }
    return out.outcomes != 0 || expected(condition, "an outcome", "use one of: " + words);
  }
  bool of_errors(const Condition& condition, Test& out) {
    if (const auto code = number_of<std::uint16_t>(condition.value);
        code && !takes_pattern(condition.relation)) {
      out.number = *code;
      return true;
    }
    if (!no_order(condition)) return false;
    out.by_name = true;
    std::vector<std::string> known;
    for (const auto& [code, name] : file_.errors()) {
      if (said_of(condition, name)) out.codes.push_back(code);
      known.push_back(name);
    }
    return !out.codes.empty() ||
           unknown(condition, "error", known,
                   "give a name that the server has registered, or a code from 0 to 65535");
  }

  // A span in ticks. Its sign is the value's.
  bool of_span(const Condition& condition, Test& out) {
    const auto ns = parse_duration(condition.value);
    if (!ns) {
      return expected(condition, "a duration",
                      "write a number with a unit, ns, us, ms, s, min or h, e.g. 50ms");
    }
    out.number = ticks_of(*ns);
    return true;
  }
  std::int64_t ticks_of(std::int64_t ns) const {
    const double ticks = static_cast<double>(ns) * file_.scale().ticks_per_second() / 1e9;
    return static_cast<std::int64_t>(std::clamp(ticks, -9.2e18, 9.2e18));
  }
  bool of_age(const Condition& condition, Test& out) {
    if (parse_duration(condition.value)) return of_span(condition, out);
    // Ages are seen from there, and so is a moment.
    const std::int64_t now_ns = file_.wall_ns(reference_ticks_);
    const auto at_ns = parse_moment_ns(condition.value, now_ns);
    if (!at_ns) {
      return expected(condition, "a duration or a UTC time",
                      "write e.g. 10s, or 2026-11-27T02:00:00Z");
    }
    out.number = ticks_of(subtract_ns(now_ns, *at_ns));
    return true;
  }
  bool of_number(const Condition& condition, Test& out) {
    const auto number = number_of<std::int64_t>(condition.value);
    if (!number) return expected(condition, "a whole number", "write digits alone");
    out.number = *number;
    return true;
  }

  bool of_threads(const Condition& condition, Test& out) {
    if (!no_order(condition)) return false;
    const Segment& segment = file_.segment();
    std::vector<std::string> known;
    out.lanes.resize(segment.overflow_lane());
    for (std::uint32_t lane = 0; lane < segment.overflow_lane(); ++lane) {
      const LaneHeader& header = segment.lane_header(lane);
      if (!lane_readable(header)) continue;
      const std::string name = lane_thread_name(header);
      const std::string tid = std::to_string(header.owner_tid.load(std::memory_order_relaxed));
      out.lanes[lane] = said_of(condition, name) || said_of(condition, tid);
      known.push_back(name);
    }
    return std::find(out.lanes.begin(), out.lanes.end(), true) != out.lanes.end() ||
           unknown(condition, "thread", known,
                   "give a thread's name or tid; `ringside inspect RING` shows them");
  }

  bool of_stage(const Condition& condition, Test& out) {
    out.stage_of.fill(-1);
    std::vector<std::string> known;
    bool any = false;
    for (std::uint16_t id = 0; id < kFirstEvent; ++id) {
      for (std::size_t stage = 0; stage < kStageCount; ++stage) {
        const std::string name = file_.stage_name(id, stage);
        if (file_.entry(id) != nullptr &&
            std::find(known.begin(), known.end(), name) == known.end())
          known.push_back(name);
        if (name != condition.stage) continue;
        out.stage_of[id] = static_cast<std::int8_t>(stage);
        any = true;
      }
    }
    if (any) return true;
    const std::string nearest = nearest_name(condition.stage, known);
    std::string all;
    for (const std::string& name : known) all += (all.empty() ? "" : ", ") + name;
    return miss(condition.of_field,
                "no stage `" + escape_visible(condition.stage) + "` in this ring" +
                    (nearest.empty() ? "" : "; nearest: `" + nearest + "`"),
                all.empty() ? "this ring's operations have no stages" : "it has " + all);
  }

  bool of_parties(const Condition& condition, Test& out) {
    if (!no_order(condition)) return false;
    const bool actor = condition.field == Field::actor;
    const std::string& value = condition.value;
    if (!takes_pattern(condition.relation)) {
      if (value == "none") {
        out.parties.push_back({});
        return true;
      }
      if (const auto id = number_of<std::uint64_t>(value)) {
        out.parties.push_back({LabelKind::none, true, *id});
      } else if (const auto address = address_of(value)) {
        out.parties.push_back({LabelKind::address, false, *address});
      } else if (const std::size_t colon = value.find(':'); colon != std::string::npos) {
        const auto kind = party_kind(std::string_view(value).substr(0, colon), actor);
        const std::string rest = value.substr(colon + 1);
        const auto number =
            kind == LabelKind::address ? address_of(rest) : number_of<std::uint64_t>(rest);
        if (kind && number) out.parties.push_back({*kind, false, *number});
      }
    }
    std::vector<std::string> known;
    for (const LabelEntry& label : all_labels(file_.segment())) {
      const bool possible = party_kind(label_kind_word(label.kind), actor).has_value();
      if (!possible) continue;
      if (said_of(condition, label.text)) out.parties.push_back({label.kind, false, label.id});
      known.push_back(label.text);
    }
    return !out.parties.empty() ||
           unknown(condition, actor ? "actor" : "subject", known,
                   actor ? "give a label, an id (42), or user:42, session:9, address:127.0.0.2"
                         : "give a label, an id (7), or room:7, message:9, user:42");
  }
  const RingFile& file_;
  const std::uint64_t reference_ticks_;
  FilterError& error_;
};

}  // namespace

bool bind(const Wanted& wanted, const RingFile& file, std::uint64_t reference_ticks,
          BoundWanted& out, FilterError& error) {
  return Binder(file, reference_ticks, error).bind(wanted, out);
}

}  // namespace ringside::tool
