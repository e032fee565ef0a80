// A chat server of a few lines: it knows no rules, but answers every request as the protocol says,
// and counts what it took up. What the load's books are compared with.
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

  // How it behaves; may be changed at any time.
  std::atomic<int> close_every{
      0};  // n: instead of answering its n-th request, a connection is closed
  std::atomic<bool> mute{false};        // takes requests of the mix, never answers
  std::atomic<int> wrong_id_after{0};   // n: the n-th answer of a connection bears a wrong id
  std::atomic<int> fail_login_code{0};  // AUTHENTICATION fails with this code
  std::atomic<int> delay_ms{0};         // every answer comes so late

  // What it saw, by operation name; lines that are none under "".
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
