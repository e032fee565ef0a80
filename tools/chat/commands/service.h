// One command from its fields to its end: checks, then the database (and Argon2), then the pushes.
//
//   session's strand         password workers       database threads          session's strand
//   run(): validate, check ─────────────────────────> work ─> apply the reply ─> Client::complete()
//             login, register ──> hash, verify ──────────┘    (in commit order)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tools/chat/security/guard.h"
#include "tools/chat/commands/handlers.h"
#include "tools/chat/net/hub.h"
#include "tools/chat/security/passwords.h"
#include "tools/chat/storage/store.h"
#include "tools/chat/trace.h"

namespace chatd {

struct ServiceOptions {
  StoreOptions store;
  GuardOptions guard;
  Argon2Level argon2 = Argon2Level::interactive;
  int password_workers = 2;
};

// What the checks remember about a connection. Only the connection's strand uses it.
struct Peer {
  std::uint64_t session = 0;
  std::string address;           // without the port
  std::uint64_t address_id = 0;  // the subject in telemetry
  TokenBucket bucket;
  Burst invalid{20, std::chrono::seconds(10)};
  Burst limited{100, std::chrono::seconds(60)};
};

struct Call;

// A connection as the service sees it.
class Client : public Outlet {
 public:
  // `caller` is the user of the connection from now on. Called on the database's writer thread,
  // after the commit.
  virtual void login(const Caller& caller, const std::vector<std::int64_t>& rooms) = 0;
  // The call is done, and the client answers it. Called from any thread.
  virtual void complete(std::shared_ptr<Call> call) = 0;
};

// A command under way. One thread has the call at a time and hands it on through a queue.
struct Call {
  Call(Op op, trace::Stamp arrived, trace::Stamp picked_up) : operation(op, arrived, picked_up) {
    request.op = op;
  }

  std::shared_ptr<Client> client;
  Caller caller;
  std::uint64_t address_id = 0;
  Request request;
  Reply reply;
  JobResult result;
  trace::Operation operation;
  std::optional<Account> account;  // AUTHENTICATION: kept from its first step to its last
  std::string secret;              // the new token, or the new password hash
};

class Service {
 public:
  explicit Service(const ServiceOptions& options);
  ~Service() { stop(); }

  // True: the call is refused at once, and `call->result` says why. False: `client->complete()`
  // follows, perhaps before run() returns.
  bool run(const std::shared_ptr<Call>& call, const Json& object, Peer& peer);

  // A line that is no operation.
  void bad_line(Error error, const Caller& caller, Peer& peer);

  void sweep();  // forgets address blocks that are over; the server calls it each second
  void stop();

  Hub& hub() { return hub_; }
  const Store& store() const { return store_; }

 private:
  void check(const Call& call, Peer& peer);
  void dispatch(const std::shared_ptr<Call>& call);
  void authenticate(const std::shared_ptr<Call>& call);
  void authenticate_by_token(const std::shared_ptr<Call>& call);
  void enrol(const std::shared_ptr<Call>& call);
  void finish(const std::shared_ptr<Call>& call, const JobResult& result);
  void fail(const std::shared_ptr<Call>& call, Error error, const std::string& message);
  void login_failed(const Call& call, trace::Event event, const char* action);
  void invalid(Op const* op, Error error, const Caller& caller, Peer& peer);
  void strike(const Caller& caller, const char* why);
  void audit_later(Op op, AuditRow row);
  void load_suspensions();

  Store store_;
  Hub hub_;
  AddressBlocks blocks_;
  Suspensions suspensions_;
  Passwords passwords_;
};

}  // namespace chatd
