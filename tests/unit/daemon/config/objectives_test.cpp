// The tables [[objectives]]: what is taken, what is refused and why, and what can fire.
#include "daemon/config/objectives.h"

#include "daemon/config/config_print.h"
#include "tests/unit/daemon/config/errors_in.h"
#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

std::string table(const std::string& more, const std::string& kind = "errors") {
  return "[[objectives]]\nname = \"sending\"\nkind = \"" + kind + "\"\n" + more;
}

// The only error, from its key to the end of its first line.
std::string fault(const std::string& more, const std::string& kind = "errors") {
  const Errors errors = errors_in(table(more, kind));
  REQUIRE(errors.size() == 1);
  const std::size_t key = errors[0].find("objectives");
  return errors[0].substr(key, errors[0].find('\n') - key);
}

TEST_CASE("Objectives: three keys are enough, and the others have defaults") {
  const ConfigResult result = parse_config(table("target_percent = 99.5\n"), "f");
  REQUIRE(result.errors == Errors{});
  REQUIRE(result.config.objectives.size() == 1);
  const ObjectiveConfig& objective = result.config.objectives[0];
  CHECK(objective.name == "sending");
  CHECK(objective.kind_of() == ObjectiveKind::errors);
  CHECK(objective.allowed() == doctest::Approx(0.005));
  CHECK(objective.ring.empty());
  CHECK(objective.operations.empty());
  CHECK(objective.failing_percent == 50);
  CHECK(objective.failing_for_ns == 10 * kMinute);
  CHECK(objective.least_bad == 10);
}

TEST_CASE("Objectives: every key is taken, and printed as it was written") {
  const std::string text = table(
      "target_percent = 99\nresponse_time = \"300ms\"\nring = \"chat\"\n"
      "operations = [\"SEND_*\", \"LOGIN\"]\nfailing_percent = 20\nfailing_for = \"1h\"\n"
      "least_bad = 3\n",
      "latency");
  const ConfigResult result = parse_config(text, "f");
  REQUIRE(result.errors == Errors{});
  const std::string printed = print_config(result.config, Comments::without);
  CHECK(printed.find("\n" + text) != std::string::npos);
  for (const Comments comments : {Comments::with, Comments::without})
    CHECK(parse_config(print_config(result.config, comments), "p").config == result.config);
}

TEST_CASE("Objectives: what is missing, unknown or out of its range is told") {
  CHECK(errors_in("[[objectives]]") ==
        Errors{"f:1:1: objectives.name: found none, needed in each table [[objectives]]\n"
               "  next: for instance name = \"sending\"",
               "f:1:1: objectives.kind: found none, needed in each table [[objectives]]\n"
               "  next: for instance kind = \"errors\"",
               "f:1:1: objectives.target_percent: found none, needed in each table [[objectives]]\n"
               "  next: for instance target_percent = 99.9"});
  CHECK(fault("target_percent = 100") ==
        "objectives.target_percent: found 100, allowed: a number from 1 to 99.9999");
  CHECK(errors_in(table("target = 99")).size() == 2);  // and target_percent is missing
  CHECK(fault("target_percent = 99\nleast_bda = 3") ==
        "objectives.least_bda: found an unknown key, nearest known: objectives.least_bad");
  CHECK(
      fault("target_percent = 99\noperations = []").starts_with("objectives.operations: found []"));
  CHECK(errors_in("objectives = 3").size() == 1);
  CHECK(errors_in("[objectives]\nname = \"x\"").size() == 1);
}

TEST_CASE("Objectives: sixteen at most, each with a name of its own") {
  const auto many = [](int count) {
    std::string all;
    for (int i = 0; i < count; ++i)
      all += "[[objectives]]\nname = \"o" + std::to_string(i) +
             "\"\nkind = \"errors\"\ntarget_percent = 99\n";
    return all;
  };
  CHECK(errors_in(many(16)) == Errors{});
  CHECK(errors_in(many(17)).size() == 1);
  const Errors twice = errors_in(table("target_percent = 99\n") + table("target_percent = 98\n"));
  REQUIRE(twice.size() == 1);
  CHECK(twice[0].starts_with("f:6:8: objectives.name: found \"sending\" twice, allowed: a name"));
}

TEST_CASE("Objectives: a latency needs a threshold, and errors have none") {
  CHECK(fault("target_percent = 99", "latency") ==
        "objectives.response_time: found none, needed with kind = \"latency\"");
  CHECK(fault("target_percent = 99\nresponse_time = \"1s\"") ==
        "objectives.response_time: found it with kind = \"errors\", allowed: only with kind = "
        "\"latency\"");
}

TEST_CASE("Objectives: what could never fire is refused, and the message says why") {
  CHECK(fault("target_percent = 90\nfailing_percent = 0") ==
        "objectives.target_percent: found 90 with failing_percent = 0: 14.4 times the allowed 10 % "
        "is 144 % of the calls, so the alert on a burn of 14.4 could never fire, allowed: 93.5 or "
        "more");
  CHECK(errors_in(table("target_percent = 93.4\nfailing_percent = 0")).size() == 1);
  CHECK(errors_in(table("target_percent = 93.5\nfailing_percent = 0")) == Errors{});
  CHECK(errors_in(table("target_percent = 90")) == Errors{});  // the absolute limit stands in
  CHECK(fault("target_percent = 50") ==
        "objectives.failing_percent: found 50 with target_percent = 50: the target itself lets 50 "
        "% of the calls be bad, allowed: more than 50, or 0");
  CHECK(errors_in(table("target_percent = 50\nfailing_percent = 60")) == Errors{});
}

TEST_CASE("Objectives: a ring that is not watched is refused, unless flags name the rings") {
  const auto with = [](const std::string& rings, const std::string& ring) {
    return "rings = [" + rings + "]\n" + table("target_percent = 99\nring = \"" + ring + "\"\n");
  };
  CHECK(errors_in(with("\"chat\"", "chat")) == Errors{});
  CHECK(errors_in(with("\"irc-*\"", "irc-2")) == Errors{});
  CHECK(errors_in(with("\"/run/a\"", "/run/a")) == Errors{});
  CHECK(errors_in(with("\"chat\"", "chta")) ==
        Errors{"f:2:1: objectives.ring: found \"chta\" in sending, a ring that `rings` does not "
               "name\n  next: write it as in `rings`, add it there, or remove it to count all "
               "rings"});
  CHECK(parse_config(with("\"chat\"", "chta"), "f", {"other"}).errors == Errors{});
}

TEST_CASE("Objectives: which limits an objective has") {
  const auto factors = [](double target, double failing) {
    ObjectiveConfig objective;
    objective.target_percent = target;
    objective.failing_percent = failing;
    std::vector<double> out;
    for (const BurnRule& rule : burn_rules(objective)) out.push_back(rule.factor);
    return out;
  };
  CHECK(factors(99.9, 0) == std::vector<double>{14.4, 6, 3, 1});
  CHECK(factors(90, 0) == std::vector<double>{6, 3, 1});
  CHECK(factors(20, 0) == std::vector<double>{1});
  const auto with_absolute = factors(90, 50);
  REQUIRE(with_absolute.size() == 4);
  CHECK(with_absolute[3] == doctest::Approx(5));
  ObjectiveConfig objective;
  objective.target_percent = 90;
  objective.failing_for_ns = 11 * kMinute;
  const BurnRule last = burn_rules(objective).back();
  CHECK(last.absolute);
  CHECK(last.level == AlertLevel::critical);
  CHECK(last.limit(objective) == doctest::Approx(0.5));
  CHECK(last.long_slots == 3);
  CHECK(last.short_slots == 1);
}

}  // namespace
}  // namespace ringside
