// Whole messages about a configuration, compared with texts written by hand.
#include "daemon/config/config.h"
#include "daemon/config/known_operations.h"
#include "tests/unit/daemon/config/errors_in.h"
#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

const std::string kDurationAllowed =
    ", allowed: a duration from 100ms to 1h, such as \"5s\", \"200ms\", \"2min\"\n  next: for "
    "instance tick = \"5s\"";

TEST_CASE("ConfigMessages: what was found is shown on one line, at most 60 columns of it") {
  const std::string dots = "…";
  CHECK(errors_in("tick = \"" + std::string(58, 'x') + "\"") ==
        Errors{"f:1:8: tick: found \"" + std::string(58, 'x') + "\"" + kDurationAllowed});
  CHECK(errors_in("tick = \"" + std::string(59, 'x') + "\"") ==
        Errors{"f:1:8: tick: found \"" + std::string(58, 'x') + dots + kDurationAllowed});
  CHECK(errors_in("tick = [ 1, \"a\", 2.5, true ]") ==
        Errors{"f:1:8: tick: found [ 1, 'a', 2.5, true ]" + kDurationAllowed});
  const std::string sixty = "[ " + std::string(13, '1') + ", " + std::string(13, '2') + ", " +
                            std::string(13, '3') + ", " + std::string(11, '4') + " ]";
  REQUIRE(sixty.size() == 60);
  CHECK(errors_in("tick = " + sixty) == Errors{"f:1:8: tick: found " + sixty + kDurationAllowed});
  std::string longer = sixty;
  longer.replace(longer.size() - 2, 0, "4");
  CHECK(errors_in("tick = " + longer) ==
        Errors{"f:1:8: tick: found " + longer.substr(0, 59) + dots + kDurationAllowed});
  for (const std::string& error :
       errors_in("tick = { a = [ { b = 1, c = 2 }, { b = 3, c = 4 } ], d = { e = \"x\" } }")) {
    CAPTURE(error);
    CHECK(error.find('\n') == error.find("\n  next: "));
    CHECK(error.rfind('\n') == error.find('\n'));
  }
}

TEST_CASE("ConfigMessages: an instance of the key is the shipped default") {
  CHECK(errors_in("[metrics]\nlast = 0") ==
        Errors{"f:2:8: metrics.last: found 0, allowed: a whole number from 1 to 10000\n  next: for "
               "instance last = 100"});
  CHECK(errors_in("[thresholds.operations.X]\nresponse_time = 5") ==
        Errors{"f:2:17: thresholds.operations.X.response_time: found 5, allowed: a duration from "
               "1us to 1h, such as \"5s\", \"200ms\", \"2min\"\n  next: for instance response_time "
               "= \"1s\""});
  CHECK(errors_in("[thresholds.operations.X]\nerror_rate_percent = \"5\"") ==
        Errors{"f:2:22: thresholds.operations.X.error_rate_percent: found \"5\", allowed: a number "
               "from 0.001 to 100\n  next: for instance error_rate_percent = 5"});
}

TEST_CASE("ConfigMessages: a value where a table must be") {
  CHECK(errors_in("alert_log = \"x\"") ==
        Errors{"f:1:13: alert_log: found \"x\", allowed: a table of keys\n  next: write "
               "[alert_log] on a line of its own, and its keys below it"});
  CHECK(errors_in("[alerts]\nsystem_overload = 5") ==
        Errors{"f:2:19: alerts.system_overload: found 5, allowed: a table of keys\n  next: write "
               "[alerts.system_overload] on a line of its own, and its keys below it"});
  CHECK(errors_in("[thresholds.operations]\nX = \"1s\"") ==
        Errors{"f:2:1: thresholds.operations.X: found \"1s\", allowed: a table of thresholds\n  "
               "next: write [thresholds.operations.X] and below it response_time = \"500ms\""});
}

TEST_CASE("ConfigMessages: an operation's name is 1 to 39 printable characters") {
  const auto named = [](const std::string& name) {
    const Errors errors =
        errors_in("[thresholds.operations.\"" + name + "\"]\nresponse_time = \"1s\"");
    CHECK(errors.size() <= 1);
    return errors.empty() ? "" : errors.front();
  };
  const auto refused = [](const std::string& shown, int bytes) {
    return "f:1:24: thresholds.operations." + shown + ": found a name of " + std::to_string(bytes) +
           " bytes, allowed: an operation's wire name, 1 to 39 printable characters\n  next: copy "
           "the name from a report, or from `ringside inspect`";
  };
  CHECK(named("x") == "");
  CHECK(named(std::string(39, 'x')) == "");
  CHECK(named("OUR OWN.OP") == "");
  CHECK(named(std::string(40, 'x')) == refused(std::string(40, 'x'), 40));
  CHECK(named("") == refused("\"\"", 0));
  CHECK(named("a\\tb") == refused("\"a\\\\u0009b\"", 3));
}

TEST_CASE("ConfigMessages: an unknown key of an operation, and in an unknown table") {
  CHECK(errors_in("[thresholds.operations.X]\nresponse_tim = \"1s\"") ==
        Errors{"f:2:1: thresholds.operations.X.response_tim: found an unknown key, nearest known: "
               "thresholds.operations.X.response_time\n  next: write "
               "thresholds.operations.X.response_time, or remove it; `ringsided --print-config` "
               "prints all keys"});
  CHECK(errors_in("[thresholds.operations.X]\nzebra = 1") ==
        Errors{"f:2:1: thresholds.operations.X.zebra: found an unknown key\n  next: remove it; "
               "`ringsided --print-config` prints all keys"});
  CHECK(errors_in("[zebra]\ntick = 1") ==
        Errors{"f:1:2: zebra: found an unknown key\n  next: remove it; `ringsided --print-config` "
               "prints all keys"});
  // The name of a table is a name that can be meant. Its parts are, too.
  CHECK(
      errors_in("[alerts.sistem_overload]\nx = 1").at(0).find("known: alerts.system_overload\n") !=
      std::string::npos);
  CHECK(errors_in("[threshold]\nx = 1").at(0).find("known: thresholds\n") != std::string::npos);
  CHECK(errors_in("[thresholds.operation]\nx = 1").at(0).find("known: thresholds.operations\n") !=
        std::string::npos);
}

TEST_CASE("ConfigMessages: an owner that is no user, and one of a ring that is not watched") {
  const std::string allowed =
      ", allowed: a user's name, or the number of a user from 0 to 4294967294\n  next: ";
  CHECK(errors_in("[owners]\nchat = \"no-such-user\"") ==
        Errors{"f:2:8: owners.chat: found \"no-such-user\", a user that this system does not have" +
               allowed + "create the user, or write one that `getent passwd` shows"});
  CHECK(errors_in("rings = [\"/run/irc\"]\n[owners]\n\"/run/irc\" = true") ==
        Errors{"f:3:14: owners.\"/run/irc\": found true" + allowed +
               "for instance \"/run/irc\" = \"irc\""});
  CHECK(errors_in("[owners]\nchat = -1") ==
        Errors{"f:2:8: owners.chat: found -1" + allowed + "for instance chat = \"irc\""});
  CHECK(
      errors_in("owners = \"irc\"") ==
      Errors{"f:1:10: owners: found \"irc\", allowed: a table of keys\n  next: write [owners] on a "
             "line of its own, and its keys below it"});
  CHECK(errors_in("[owners]\nchatt = 0") ==
        Errors{"f:2:1: owners.chatt: found an owner of a ring that `rings` does not name, nearest "
               "known: owners.chat\n  next: write owners.chat, or add the ring to `rings`"});
  CHECK(errors_in("rings = [\"irc-*\"]\n[owners]\nzebra = 0") ==
        Errors{"f:3:1: owners.zebra: found an owner of a ring that `rings` does not name\n  next: "
               "add the ring to `rings`, written alike, or remove its owner"});
  // What is wrong with both is told of both.
  CHECK(errors_in("[owners]\nzebra = \"no-such-user\"").size() == 2);
  // Where `rings` is wrong, it alone is told.
  CHECK(errors_in("rings = [\"a b\"]\n[owners]\nzebra = 0").size() == 1);
}

TEST_CASE("ConfigMessages: the order is that of lines, then of columns") {
  // By name the parser has them the other way round.
  const Errors errors = errors_in(
      "zebra = 1\nyak = 1\n            tick = 1\n[metrics]\ntop = 0\nlast = 0\n[alerts]\n"
      "times_threshold = { xx = 1, response_time = 2, aa = 3 }\n");
  REQUIRE(errors.size() == 8);
  const char* starts[] = {"f:1:1: zebra: ",
                          "f:2:1: yak: ",
                          "f:3:20: tick: ",
                          "f:5:7: metrics.top: ",
                          "f:6:8: metrics.last: ",
                          "f:8:21: alerts.times_threshold.xx: ",
                          "f:8:45: alerts.times_threshold.response_time: ",
                          "f:8:48: alerts.times_threshold.aa: "};
  for (std::size_t i = 0; i < errors.size(); ++i) {
    CAPTURE(errors[i]);
    CHECK(errors[i].starts_with(starts[i]));
  }
}

TEST_CASE("ConfigMessages: a flag's value is shown, with the key's name in the configuration") {
  Config config;
  const auto flag = [&](const char* key, const std::vector<std::string>& values) {
    return override_config(config, key, values, "--flag").value_or("");
  };
  CHECK(flag("log_level", {"loud"}) ==
        "--flag: found \"loud\", allowed: one of \"error\", \"warning\", \"info\", \"debug\"\n  "
        "next: give another value; the key is log_level in the configuration");
  CHECK(flag("reports.formats", {"text", "pdf", "x\n"}) ==
        "--flag: found \"text\", \"pdf\", \"x\\\\u000a\", allowed: a list of any of \"text\", "
        "\"markdown\", \"html\", \"json\"\n  next: give another value; the key is reports.formats "
        "in the configuration");
  CHECK(flag("tick", {std::string(58, 'x')})
            .starts_with("--flag: found \"" + std::string(58, 'x') + "\", allowed: "));
  CHECK(flag("tick", {std::string(59, 'x')})
            .starts_with("--flag: found \"" + std::string(58, 'x') + "…, allowed: "));
  CHECK(flag("tick", {}).starts_with("--flag: found , allowed: a duration "));
  CHECK(flag("rings", {}).starts_with("--flag: found , allowed: a list of 1 to 64 "));
  CHECK(config == Config{});
  CHECK(flag("tick", {"2s", "3s"}) == "");
  CHECK(config.tick_ns == 2 * kSecond);
  CHECK(flag("reports.formats", {}) == "");
  CHECK(config.report_formats.empty());
  CHECK(flag("reports.formats", {"json", "text"}) == "");
  CHECK(config.report_formats == Errors{"json", "text"});
  CHECK_THROWS_AS(flag("zebra", {"1"}), std::logic_error);
}

TEST_CASE(
    "ConfigMessages: only thresholds that somebody wrote are looked up among the operations") {
  Thresholds thresholds;
  const auto unknown = [&](const std::vector<std::string>& registered) {
    return unknown_operations(thresholds, registered);
  };
  using Unknown = std::vector<UnknownOperation>;
  CHECK(unknown({"OTHER"}) == Unknown{});
  thresholds.operations["SEND_MESSAGE"].error_percent = 2;
  CHECK(unknown({"OTHER"}) == Unknown{{"SEND_MESSAGE", ""}});
  CHECK(unknown({"OTHER", "SEND_MESSAGE"}) == Unknown{});
  CHECK(unknown({"SEND_MESSAGES", "OTHER"}) == Unknown{{"SEND_MESSAGE", "SEND_MESSAGES"}});
  CHECK(unknown({}) == Unknown{});
  CHECK(unknown_operation_text({"ZEBRA", ""}) ==
        "thresholds.operations.ZEBRA: no server has registered this operation\n"
        "  next: remove it, or copy the name from a report");
}

}  // namespace
}  // namespace ringside
