#include "tools/ringside/commands/alerts_command.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "report/model/alerts.h"
#include "report/model/format.h"

namespace ringside::tool {
namespace {

template <typename Names>
CLI::IsMember one_of(const Names& names) {
  return CLI::IsMember(std::vector<std::string>(names.begin(), names.end()));
}

constexpr std::size_t kMostIncidents = 10'000;

}  // namespace

AlertsCommand::AlertsCommand(CLI::App& app) {
  command_ = app.add_subcommand(
      "alerts", "what the daemon has raised: list, show, follow; acknowledge, silence, clear");
  command_->require_subcommand(0, 1);
  command_->footer(
      "Examples:\n"
      "  ringside alerts                                  what lasts, and what ended just now\n"
      "  ringside alerts list --since 8h --level critical\n"
      "  ringside alerts show 69ad7ed5                    an incident whole\n"
      "  ringside alerts follow                           as it happens, through restarts\n"
      "  ringside alerts acknowledge 69ad7ed5 --why 'looking at it'\n"
      "  ringside alerts silence --operation LOGIN --for 2h --why 'the penetration test'\n");
  add_list();
  add_show();
  add_follow();
  add_action("acknowledge", "somebody has it in hand: nobody is told again", false);
  add_action("silence", "nobody is called for these, for a time; the alert log has them", false);
  add_action("unsilence", "ends a silence before its time", true);
  add_action("clear", "resolves alerts by hand; what goes on returns as a new one", false);
}

CLI::App* AlertsCommand::add(const char* name, const std::string& about) {
  CLI::App* command = command_->add_subcommand(name, about);
  command->add_option("--socket", options_.socket,
                      "the daemon's socket; otherwise /run/ringside/ringsided.sock or the one in "
                      "your state directory");
  command->add_flag("--json", options_.json, "as the daemon says it, in JSON");
  return command;
}

void AlertsCommand::add_filters(CLI::App* to) {
  to->add_option("--level", options_.levels, "info, warning, critical or emergency; repeatable")
      ->check(one_of(kAlertLevelNames));
  to->add_option("--alert", options_.types, "a type, such as high_latency; repeatable")
      ->check(one_of(kAlertTypeNames));
  to->add_option("--operation", options_.operation, "only of this operation");
  to->add_option("--ring", options_.ring, "only of this ring");
}

void AlertsCommand::add_list() {
  CLI::App* list = add("list", "incidents, the latest first: what lasts, and what ended just now");
  add_filters(list);
  list->add_option("--state", options_.state, "active or over")
      ->check(CLI::IsMember({"active", "over"}));
  list->add_option("--since", options_.since,
                   "also of the history: a UTC time (2026-11-27T02:00Z) or how long ago (8h)");
  list->add_option("--until", options_.until, "the same");
  list->add_option("--limit", options_.limit, "the latest so many")
      ->check(CLI::Range(std::size_t{1}, kMostIncidents))
      ->capture_default_str();
}

void AlertsCommand::add_show() {
  CLI::App* show = add("show", "an incident whole: cause, whom it touched, its alerts and lines");
  show->add_option("id", options_.ids, "of the incident, or of one of its alerts")
      ->required()
      ->expected(1);
}

void AlertsCommand::add_follow() {
  CLI::App* follow =
      add("follow", "incidents as they begin, change and end, also through restarts of the daemon");
  add_filters(follow);
  follow->add_flag("--transitions", options_.transitions,
                   "every change of each alert, not the lines of incidents alone");
}

void AlertsCommand::add_action(const std::string& action, const char* about, bool of_silences) {
  CLI::App* command = add(action.c_str(), about);
  command->add_option("id", options_.ids,
                      of_silences ? "of the silence" : "of an incident or an alert; several");
  if (!of_silences) {
    command->add_flag("--all", options_.all, "all active alerts");
    command->add_option("--alert", options_.types, "those of this type")
        ->check(one_of(kAlertTypeNames))
        ->expected(1);
    command->add_option("--operation", options_.operation, "those of this operation");
    command->add_option("--ring", options_.ring, "those of this ring");
    command->add_option("--level", options_.levels, "those of this level, and below")
        ->check(one_of(kAlertLevelNames))
        ->expected(1);
  }
  if (action == "silence")
    command->add_option("--for", options_.duration, "how long, such as 2h")->required();
  if (action == "acknowledge")
    command->add_option("--for", options_.duration, "how long; otherwise until it is over");
  command->add_option("--why", options_.why, "the reason; it stands in the alert log")->required();
  command->add_option("--who", options_.who, "a name beside that of your user");
  command->add_flag("--dry-run", options_.dry_run, "say what is meant, and change nothing");
}

// What an action says goes to the daemon as JSON, which has UTF-8 alone. Tells what is none.
bool AlertsCommand::is_text() const {
  const auto good = [](const char* what, const std::string& text) {
    try {
      static_cast<void>(nlohmann::json(text).dump());
      return true;
    } catch (const nlohmann::json::type_error&) {
      std::fprintf(stderr, "ringside alerts: %s: found '%s', expected text in UTF-8\n", what,
                   escape_visible(text).c_str());
      return false;
    }
  };
  return good("--why", options_.why) && good("--who", options_.who) &&
         good("--for", options_.duration) && good("--operation", options_.operation) &&
         good("--ring", options_.ring) &&
         std::all_of(options_.ids.begin(), options_.ids.end(),
                     [&](const std::string& id) { return good("id", id); });
}

int AlertsCommand::run() const {
  const auto chosen = command_->get_subcommands();
  if (chosen.empty()) return list_alerts(options_);
  const std::string name = chosen[0]->get_name();
  if (name == "list") return list_alerts(options_);
  if (name == "show") return show_incident(options_);
  if (name == "follow") return follow_alerts(options_);
  const bool filtered = !options_.types.empty() || !options_.operation.empty() ||
                        !options_.ring.empty() || !options_.levels.empty();
  const int ways = int{!options_.ids.empty()} + int{options_.all} + int{filtered};
  if (ways != 1) {
    std::fprintf(stderr, "ringside alerts %s: %s\n  next: ringside alerts %s --help\n",
                 name.c_str(),
                 ways == 0 ? "expected what is meant: an id, --all, or a filter such as --operation"
                           : "ids, --all and filters exclude each other; give one of them",
                 name.c_str());
    return 2;
  }
  return is_text() ? act_on_alerts(name, options_) : 2;
}

}  // namespace ringside::tool
