// Asks the daemon of this machine, over its Unix socket. The kernel tells it who asks, so no token
// is needed.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "shm/failure.h"

namespace ringside::tool {

// The socket that is meant: the given path, or the first that is there of /run/ringside and the
// state directory of whoever runs the tool, or the last of these.
std::string daemon_socket(const std::string& given);

struct DaemonAnswer {
  int status = 0;
  std::string type;  // of the body
  std::string body;
};

// A server-sent event.
struct DaemonEvent {
  std::string id;
  std::string name;
  std::string data;
};

class DaemonClient {
 public:
  using Query = std::vector<std::pair<std::string, std::string>>;
  using Result = std::variant<DaemonAnswer, Failure>;

  // `patience`: for one answer, or between two bytes of a stream.
  explicit DaemonClient(std::string socket_path,
                        std::chrono::seconds patience = std::chrono::seconds(60));

  // A Failure is one of the transport. What the daemon refuses is an answer.
  Result get(std::string_view path, const Query& query = {},
             const std::string& accept = "application/json") const;
  Result post(std::string_view path, const std::string& json) const;

  // Hands over each event until `take` returns false: then the Failure has no message. The daemon
  // sends something every 15 s; if nothing comes for `patience`, that is a failure. A refusal is
  // handed over as an answer.
  Result follow(std::string_view path, const std::string& last_id,
                const std::function<bool(const DaemonEvent&)>& take) const;

 private:
  std::string path_;
  std::chrono::seconds patience_;
};

// What the daemon says is wrong, of a problem+json: detail, or the status.
std::string problem_text(const DaemonAnswer& answer);

}  // namespace ringside::tool
