#include "tools/ringside/filter/filter_flags.h"

#include <utility>

#include "tools/ringside/filter/expression.h"

namespace ringside::tool {

namespace {

Wanted one(Condition condition) {
  Wanted wanted;
  wanted.kind = Wanted::Kind::condition;
  wanted.condition = std::move(condition);
  return wanted;
}

// A condition whose value a flag gives.
Wanted given(const std::string& flag, Field field, Relation relation, const std::string& value) {
  Condition condition;
  condition.field = field;
  condition.relation = relation;
  condition.value = value;
  const std::string text = flag + " " + value;
  condition.of_field = {text, 0, flag.size()};
  condition.of_value = {text, flag.size() + 1, value.size()};
  return one(std::move(condition));
}

Relation relation_of(const std::string& value) {
  return value.find_first_of("*?[") == std::string::npos ? Relation::eq : Relation::like;
}

void add_any(Wanted& all, const std::string& flag, Field field,
             const std::vector<std::string>& values) {
  if (values.empty()) return;
  Wanted any;
  any.kind = Wanted::Kind::any;
  for (const std::string& value : values)
    any.parts.push_back(given(flag, field, relation_of(value), value));
  all.parts.push_back(std::move(any));
}

}  // namespace

bool FilterFlags::none() const {
  return operations.empty() && errors_named.empty() && actors.empty() && subjects.empty() &&
         stages.empty() && outcomes.empty() && threads.empty() && lanes.empty() && kinds.empty() &&
         min_latency.empty() && max_latency.empty() && since.empty() && until.empty() && !errors &&
         !failures && expressions.empty();
}

std::string FilterFlags::text() const {
  std::string out;
  const auto add = [&](const char* flag, const std::string& value) {
    if (value.empty()) return;
    out += (out.empty() ? "" : " ") + std::string(flag) + " '" + value + "'";
  };
  const auto add_all = [&](const char* flag, const std::vector<std::string>& values) {
    for (const std::string& value : values) add(flag, value);
  };
  add_all("--op", operations);
  add("--min-latency", min_latency);
  add("--max-latency", max_latency);
  if (errors) out += out.empty() ? "--errors" : " --errors";
  if (failures) out += out.empty() ? "--failures" : " --failures";
  add_all("--error", errors_named);
  add_all("--outcome", outcomes);
  add_all("--actor", actors);
  add_all("--subject", subjects);
  add_all("--stage", stages);
  add_all("--kind", kinds);
  add_all("--thread", threads);
  add_all("--lane", lanes);
  add("--since", since);
  add("--until", until);
  add_all("-q", expressions);
  return out;
}

bool read_flags(const FilterFlags& flags, Wanted& out, FilterError& error) {
  out = {};
  add_any(out, "--op", Field::op, flags.operations);
  add_any(out, "--error", Field::error, flags.errors_named);
  add_any(out, "--actor", Field::actor, flags.actors);
  add_any(out, "--subject", Field::subject, flags.subjects);
  add_any(out, "--outcome", Field::outcome, flags.outcomes);
  add_any(out, "--thread", Field::thread, flags.threads);
  add_any(out, "--lane", Field::lane, flags.lanes);
  add_any(out, "--kind", Field::kind, flags.kinds);
  if (!flags.min_latency.empty())
    out.parts.push_back(given("--min-latency", Field::latency, Relation::ge, flags.min_latency));
  if (!flags.max_latency.empty())
    out.parts.push_back(given("--max-latency", Field::latency, Relation::le, flags.max_latency));
  if (!flags.since.empty())
    out.parts.push_back(given("--since", Field::age, Relation::le, flags.since));
  if (!flags.until.empty())
    out.parts.push_back(given("--until", Field::age, Relation::ge, flags.until));
  if (flags.errors) out.parts.push_back(given("--errors", Field::failed, Relation::eq, ""));
  if (flags.failures) out.parts.push_back(given("--failures", Field::outcome, Relation::ne, "ok"));
  if (!flags.stages.empty()) {
    Wanted any;
    any.kind = Wanted::Kind::any;
    for (const std::string& stage : flags.stages) {
      Condition condition;
      if (!read_condition("--stage", stage, "stage.", condition, error)) return false;
      any.parts.push_back(one(std::move(condition)));
    }
    out.parts.push_back(std::move(any));
  }
  for (const std::string& expression : flags.expressions) {
    if (!read_expression(expression, out.parts.emplace_back(), error)) return false;
  }
  return true;
}

}  // namespace ringside::tool
