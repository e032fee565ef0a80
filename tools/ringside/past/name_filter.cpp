#include "tools/ringside/past/name_filter.h"

#include <fnmatch.h>

#include <algorithm>

#include "report/model/format.h"
#include "tools/ringside/filter/expression.h"

namespace ringside::tool::past {

namespace {

constexpr const char* kInstead =
    "choose operations here (--op 'SEND_*', or op ~ 'SEND_*'; also category and kind); a ring or a "
    "recording has the single calls";

bool is_pattern(Relation relation) {
  return relation == Relation::like || relation == Relation::unlike;
}
bool negated(Relation relation) { return relation == Relation::ne || relation == Relation::unlike; }
bool ordered(Relation relation) { return relation >= Relation::lt && relation <= Relation::ge; }

bool refuse(const Place& place, std::string what, const char* next, FilterError& error) {
  error.place = place;
  error.what = std::move(what);
  error.next = next;
  return false;
}

bool fits(const Condition& condition, FilterError& error) {
  const bool known = condition.field == Field::op || condition.field == Field::category ||
                     condition.field == Field::kind;
  if (!known) {
    return refuse(condition.of_field,
                  "figures of whole minutes have no single calls that this could choose", kInstead,
                  error);
  }
  if (ordered(condition.relation))
    return refuse(condition.of_field, "a name has no order", "write op = NAME or op ~ 'PATTERN'",
                  error);
  if (condition.field == Field::kind && condition.value != "operation" &&
      condition.value != "event") {
    return refuse(condition.of_value,
                  "found `" + escape_visible(condition.value) + "`, expected operation or event",
                  "write kind = operation or kind = event", error);
  }
  return true;
}

bool all_fit(const Wanted& wanted, FilterError& error) {
  if (wanted.kind == Wanted::Kind::condition) return fits(wanted.condition, error);
  return std::all_of(wanted.parts.begin(), wanted.parts.end(),
                     [&](const Wanted& part) { return all_fit(part, error); });
}

bool holds(const Condition& condition, const SeriesKey& key, const std::string& category) {
  const std::string& text = condition.field == Field::op         ? key.name
                            : condition.field == Field::category ? category
                                                                 : std::string();
  bool same = false;
  if (condition.field == Field::kind) {
    same = (condition.value == "event") == key.event;
  } else if (is_pattern(condition.relation)) {
    same = fnmatch(condition.value.c_str(), text.c_str(), 0) == 0;
  } else {
    same = text == condition.value;
  }
  return same != negated(condition.relation);
}

bool matches(const Wanted& wanted, const SeriesKey& key, const std::string& category) {
  const auto part = [&](const Wanted& one) { return matches(one, key, category); };
  switch (wanted.kind) {
    case Wanted::Kind::all: return std::all_of(wanted.parts.begin(), wanted.parts.end(), part);
    case Wanted::Kind::any: return std::any_of(wanted.parts.begin(), wanted.parts.end(), part);
    case Wanted::Kind::none_of: return std::none_of(wanted.parts.begin(), wanted.parts.end(), part);
    case Wanted::Kind::condition: return holds(wanted.condition, key, category);
  }
  return false;
}

}  // namespace

bool NameFilter::read(const FilterFlags& flags, const std::string& expression, NameFilter& out,
                      FilterError& error) {
  NameFilter filter;
  if (!read_flags(flags, filter.wanted_, error)) return false;
  if (!expression.empty() &&
      !read_expression(expression, filter.wanted_.parts.emplace_back(), error))
    return false;
  if (!all_fit(filter.wanted_, error)) return false;
  out = std::move(filter);
  return true;
}

bool NameFilter::wants(const SeriesKey& key, const std::string& category) const {
  return matches(wanted_, key, category);
}

}  // namespace ringside::tool::past
