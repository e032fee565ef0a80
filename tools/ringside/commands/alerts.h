// ringside alerts: what the daemon knows of incidents, and what people say about them. Each returns
// the exit code: 0 done, 1 failed.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ringside::tool {

struct AlertsOptions {
  std::string socket;  // of the daemon; empty: daemon_socket()
  bool json = false;   // what the daemon answers (`data`), or each event, in place of text

  // Which incidents, or alerts. Empty: all of them.
  std::string state;  // active or over
  std::vector<std::string> levels;
  std::vector<std::string> types;
  std::string operation;
  std::string ring;
  std::string since, until;  // as the daemon reads them: a UTC time, or how long ago (8h)
  std::size_t limit = 50;    // the latest so many
  bool transitions = false;  // follow: every change of every alert, not the incidents' lines alone

  // What is meant by an action: alerts or incidents by their ids, all, or the filters above.
  std::vector<std::string> ids;
  bool all = false;
  std::string duration;  // "2h"
  std::string why;
  std::string who;  // beside the user's name, which the daemon knows
  bool dry_run = false;
};

int list_alerts(const AlertsOptions& options);
int show_incident(const AlertsOptions& options);  // ids[0]
// Until it is interrupted, or standard output is closed. Goes on when the daemon comes back.
int follow_alerts(const AlertsOptions& options);
// `action`: acknowledge, silence, unsilence or clear.
int act_on_alerts(const std::string& action, const AlertsOptions& options);

}  // namespace ringside::tool
