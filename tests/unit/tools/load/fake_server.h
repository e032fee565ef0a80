// A small chat server. It knows no rules, answers every request as the protocol says, and counts
// the requests that it took. The load's books are compared with these counts.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace ringside::load::test {

class FakeServer {
 public:
  FakeServer();
  ~FakeServer();

  std::string port() const { return port_; }

  // How the server behaves. May be changed at any time.
  std::atomic<int> close_every{0};      // n: a connection is closed in place of its n-th answer
  std::atomic<bool> mute{false};        // takes requests of the mix and never answers
  std::atomic<int> wrong_id_after{0};   // n: from a connection's n-th answer on the id is wrong
  std::atomic<int> fail_login_code{0};  // AUTHENTICATION fails with this code
  std::atomic<int> delay_ms{0};         // the delay of every answer

  // Requests that the server took, by operation name. Lines that are no request are under "".
  std::map<std::string, std::uint64_t> taken() const;
  std::uint64_t connections() const { return connections_; }
  std::set<std::string> addresses() const;

 private:
  struct Impl;
  struct Session;
  std::unique_ptr<Impl> impl_;
  std::string port_;
  std::thread thread_;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> taken_;
  std::set<std::string> addresses_;
  std::atomic<std::uint64_t> connections_{0};
  std::int64_t last_id_ = 0;
};

}  // namespace ringside::load::test
