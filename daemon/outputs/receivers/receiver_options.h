// One receiver, as the daemon's configuration describes it, with the files that it names read.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "report/model/alerts.h"

namespace ringside {

enum class ReceiverKind : std::uint8_t { webhook, alertmanager };

// Where a receiver is, and how it is asked.
struct ReceiverAddress {
  bool tls = false;
  std::string host;         // a name or an address, without brackets
  std::uint16_t port = 0;
  std::string target;       // path and query
  std::string host_field;   // of the request
  std::string token;        // a bearer token; empty: none. Never logged.
  std::string authorities;  // PEM; empty: the system's
  std::string program;      // the User-Agent: "ringside/1.2.3"
  std::string content_type = "application/json";  // of request and answer
  // More fields of the request. Never logged.
  std::vector<std::pair<std::string, std::string>> fields{};
  bool wants_body = false;  // the body of an answer is read after success, too
  std::chrono::nanoseconds connect_timeout{};
  std::chrono::nanoseconds timeout{};  // of the whole request
  friend bool operator==(const ReceiverAddress&, const ReceiverAddress&) = default;
};

struct ReceiverOptions {
  std::string name;
  ReceiverKind kind = ReceiverKind::webhook;
  ReceiverAddress address;
  std::string instance;   // the host's name
  AlertLevel min_level = AlertLevel::warning;
  std::size_t most_kept = 1000;   // transitions, or label sets
  bool transitions = false;       // those of episodes too, and not only incidents; for a webhook
  // Only for an Alertmanager.
  std::int64_t resend_ns = 60'000'000'000;
  bool watchdog = false;
  friend bool operator==(const ReceiverOptions&, const ReceiverOptions&) = default;
};

}  // namespace ringside
