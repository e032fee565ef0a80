#include "tools/chat/commands/service.h"

#include <future>

#include <spdlog/spdlog.h>

namespace chatd {

using trace::ActorKind;
using trace::LabelKind;
using trace::Stage;
using trace::SubjectKind;
using trace::Threat;

namespace {

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

void name_subject(Call& call) {
  const Request& request = call.request;
  if (!needs_login(request.op)) {
    call.operation.subject(SubjectKind::address, call.address_id);
    trace::label(LabelKind::address, call.address_id, call.caller.address);
  } else if (request.message != 0) {
    call.operation.subject(SubjectKind::message, static_cast<std::uint64_t>(request.message));
  } else if (request.room != 0) {
    call.operation.subject(SubjectKind::room, static_cast<std::uint64_t>(request.room));
  }
}

trace::Detail about(const Caller& caller, const Peer& peer, Error error) {
  trace::Detail detail{.outcome = outcome_of(error), .error = error};
  detail.actor_kind = caller.user != 0 ? ActorKind::user : ActorKind::session;
  detail.actor = caller.user != 0 ? static_cast<std::uint64_t>(caller.user) : peer.session;
  detail.subject_kind = SubjectKind::address;
  detail.subject = peer.address_id;
  return detail;
}

}  // namespace

Service::Service(const ServiceOptions& options)
    : store_(options.store),
      blocks_(options.guard),
      suspensions_(options.guard),
      passwords_(options.argon2, options.password_workers) {
  load_suspensions();
}

void Service::stop() {
  passwords_.stop();
  store_.stop();
}

void Service::load_suspensions() {
  std::promise<void> loaded;
  Job job;
  job.op = Op::AUTHENTICATION;
  job.work = [this](Connection& db) {
    auto query =
        db.query("SELECT id, suspended_until FROM users WHERE suspended_until > ?", now_ms());
    while (query.row()) {
      suspensions_.suspend_until(
          query.integer(0), steady_now() + std::chrono::milliseconds(query.integer(1) - now_ms()));
    }
  };
  job.ended = [&loaded](const JobResult& result) {
    if (result.error != Error::none)
      spdlog::warn("suspensions could not be read: {}", result.message);
    loaded.set_value();
  };
  store_.read(std::move(job));
  loaded.get_future().wait();
}

bool Service::run(const std::shared_ptr<Call>& call, const Json& object, Peer& peer) {
  call->address_id = peer.address_id;
  if (call->caller.user != 0) {
    call->operation.actor(ActorKind::user, static_cast<std::uint64_t>(call->caller.user));
  } else {
    call->operation.actor(ActorKind::session, peer.session);
  }
  try {
    try {
      validate(object, call->request.op, call->request);
    } catch (const Refusal& refusal) {
      invalid(&call->request.op, refusal.error(), call->caller, peer);
      if (looks_like_injection(object)) {
        auto detail = about(call->caller, peer, refusal.error());
        detail.op = call->request.op;
        detail.value = static_cast<std::int64_t>(Threat::injection);
        trace::event(trace::Event::THREAT_PATTERN, detail);
        strike(call->caller, "injection-like input");
      }
      throw;
    }
    name_subject(*call);
    call->operation.stage(Stage::validation);
    check(*call, peer);
    call->operation.stage(Stage::security);
  } catch (const Refusal& refusal) {
    call->result = {refusal.error(), refusal.what()};
    call->operation.stage(is_validation(refusal.error()) ? Stage::validation : Stage::security);
    return true;
  }
  dispatch(call);
  return false;
}

// The security stage. No check waits for the database. A strike may queue a write.
void Service::check(const Call& call, Peer& peer) {
  const auto now = steady_now();
  const Op op = call.request.op;
  if (peer.bucket.limits()) {
    if (!peer.bucket.take(now)) {
      auto detail = about(call.caller, peer, Error::RATE_LIMITED);
      detail.op = op;
      trace::event(trace::Event::RATE_LIMIT, detail);
      if (peer.limited.hit(now)) strike(call.caller, "rate limit");
      throw Refusal(Error::RATE_LIMITED, "too many commands; slow down");
    }
    trace::count(trace::Event::RATE_LIMIT);
  }
  if (!needs_login(op)) {
    if (const auto during = blocks_.attempt(peer.address_id, now); during > 0) {
      auto detail = about(call.caller, peer, Error::IP_BLOCKED);
      detail.op = op;
      detail.value = during;
      trace::event(trace::Event::BLOCKED_ATTEMPT, detail);
      throw Refusal(Error::IP_BLOCKED, "too many failed logins from your address; try again later");
    }
    return;
  }
  if (call.caller.user == 0)
    throw Refusal(Error::NOT_AUTHENTICATED, "log in first (AUTHENTICATION)");
  if (suspensions_.suspended(call.caller.user, now))
    throw Refusal(Error::USER_SUSPENDED, "the user is suspended");
}

void Service::dispatch(const std::shared_ptr<Call>& call) {
  if (call->request.op == Op::AUTHENTICATION) {
    return call->request.has(Field::token) ? authenticate_by_token(call) : authenticate(call);
  }
  if (call->request.op == Op::REGISTRATION) return enrol(call);

  Job job;
  job.op = call->request.op;
  job.work = [this, call](Connection& db) {
    call->reply = handle({db, call->request, call->caller, hub_});
  };
  job.ended = [this, call](const JobResult& result) { finish(call, result); };
  if (writes(call->request)) {
    store_.write(std::move(job));
  } else {
    store_.read(std::move(job));
  }
}

// Three steps: find the user (read), compare the password (a worker), open the session (write).
void Service::authenticate(const std::shared_ptr<Call>& call) {
  Job find;
  find.op = Op::AUTHENTICATION;
  find.work = [call](Connection& db) { call->account = find_account(db, call->request.user); };
  find.ended = [this, call](const JobResult& found) {
    if (found.error != Error::none) return finish(call, found);
    call->operation.stage(Stage::database);
    std::optional<std::string> stored;
    if (call->account) stored = call->account->password_hash;
    const bool taken =
        passwords_.verify(call->request.password, std::move(stored), [this, call](bool right) {
          call->operation.stage(Stage::security);
          if (!right) {
            login_failed(*call, trace::Event::LOGIN_FAILED, "login_failed");
            return fail(call, Error::LOGIN_FAILED, "unknown user or wrong password");
          }
          call->secret = random_token();
          Job open;
          open.op = Op::AUTHENTICATION;
          open.work = [call](Connection& db) {
            call->reply = open_session(db, *call->account, call->secret, call->caller.address);
          };
          open.ended = [this, call](const JobResult& opened) { finish(call, opened); };
          store_.write(std::move(open));
        });
    if (!taken) fail(call, Error::OVERLOADED, "too many logins at once; try again");
  };
  store_.read(std::move(find));
}

void Service::authenticate_by_token(const std::shared_ptr<Call>& call) {
  Job resume;
  resume.op = Op::AUTHENTICATION;
  resume.work = [call](Connection& db) {
    call->reply = resume_session(db, call->request.token, call->caller.address);
  };
  resume.ended = [this, call](const JobResult& resumed) {
    if (resumed.error == Error::TOKEN_REJECTED)
      login_failed(*call, trace::Event::TOKEN_REJECTED, "token_rejected");
    finish(call, resumed);
  };
  store_.write(std::move(resume));
}

void Service::enrol(const std::shared_ptr<Call>& call) {
  const bool taken =
      passwords_.hash(call->request.password, [this, call](std::optional<std::string> hash) {
        call->operation.stage(Stage::security);
        if (!hash)
          return fail(call, Error::OVERLOADED, "no memory to hash the password; try again");
        call->secret = std::move(*hash);
        Job insert;
        insert.op = Op::REGISTRATION;
        insert.work = [call](Connection& db) {
          call->reply = register_user(db, call->request, call->secret, call->caller.address);
        };
        insert.ended = [this, call](const JobResult& result) { finish(call, result); };
        store_.write(std::move(insert));
      });
  if (!taken) fail(call, Error::OVERLOADED, "too many registrations at once; try again");
}

// The end of every call that has reached the store. Runs on a database thread after the commit, for
// writes in commit order. A call that the store refuses at once ends on the thread that made it.
void Service::finish(const std::shared_ptr<Call>& call, const JobResult& result) {
  call->operation.stage(Stage::database);
  call->result = result;
  if (result.error == Error::none) {
    Reply& reply = call->reply;
    if (reply.login) {
      const Caller& user = reply.login->first;
      call->operation.actor(ActorKind::user, static_cast<std::uint64_t>(user.user));
      trace::label(LabelKind::user, static_cast<std::uint64_t>(user.user), user.name);
      call->client->login(reply.login->first, reply.login->second);
    }
    if (reply.named) {
      trace::label(LabelKind::room, static_cast<std::uint64_t>(reply.named->first),
                   reply.named->second);
    }
    for (const auto& [room, user] : reply.joined) hub_.join(room, user);
    for (const auto& push : reply.pushes) {
      if (push.to_user) {
        hub_.to_user(push.target, push.line, call->client.get());
      } else {
        hub_.to_room(push.target, push.line, call->client.get());
      }
    }
    for (const auto& [room, user] : reply.parted) hub_.part(room, user);
    if (reply.subject_kind != SubjectKind::none) {
      call->operation.subject(reply.subject_kind, static_cast<std::uint64_t>(reply.subject));
    }
  }
  call->client->complete(call);
}

void Service::fail(const std::shared_ptr<Call>& call, Error error, const std::string& message) {
  call->result = {error, message};
  call->client->complete(call);
}

void Service::login_failed(const Call& call, trace::Event event, const char* action) {
  const std::string& address = call.caller.address;
  const auto failure = blocks_.failed(call.address_id, address, steady_now());
  const bool by_token = event == trace::Event::TOKEN_REJECTED;
  trace::Detail detail{.outcome = Outcome::denied,
                       .error = by_token ? Error::TOKEN_REJECTED : Error::LOGIN_FAILED,
                       .op = Op::AUTHENTICATION,
                       .value = failure.failures,
                       .subject_kind = SubjectKind::address,
                       .subject = call.address_id};
  if (call.account) {
    detail.actor_kind = ActorKind::user;
    detail.actor = static_cast<std::uint64_t>(call.account->id);
  }
  trace::event(event, detail);
  audit_later(Op::AUTHENTICATION, {action, call.account ? call.account->id : 0, 0, address,
                                   by_token ? "" : call.request.user});
  if (failure.guessing) {
    detail.value = static_cast<std::int64_t>(Threat::password_guessing);
    trace::event(trace::Event::THREAT_PATTERN, detail);
  }
  if (failure.blocked) {
    detail.outcome = Outcome::limited;
    detail.error = Error::IP_BLOCKED;
    detail.value = failure.failures;
    trace::event(trace::Event::IP_BLOCK, detail);
    spdlog::warn("address {} is blocked after {} failed logins", address, failure.failures);
    audit_later(Op::AUTHENTICATION, {"ip_block", 0, failure.failures, address, ""});
  }
}

void Service::bad_line(Error error, const Caller& caller, Peer& peer) {
  trace::event(trace::Event::BAD_LINE, about(caller, peer, error));
  invalid(nullptr, error, caller, peer);
}

void Service::invalid(Op const* op, Error error, const Caller& caller, Peer& peer) {
  auto detail = about(caller, peer, error);
  if (op) {
    detail.op = *op;
    trace::event(trace::Event::VALIDATION_REJECT, detail);
  }
  if (!peer.invalid.hit(steady_now())) return;
  detail.value = static_cast<std::int64_t>(Threat::invalid_burst);
  trace::event(trace::Event::THREAT_PATTERN, detail);
  strike(caller, "burst of invalid requests");
}

void Service::strike(const Caller& caller, const char* why) {
  const int strikes = suspensions_.strike(caller.user, steady_now());
  if (strikes == 0) return;
  trace::event(trace::Event::USER_SUSPENDED, {.outcome = Outcome::denied,
                                              .error = Error::USER_SUSPENDED,
                                              .value = strikes,
                                              .subject_kind = SubjectKind::user,
                                              .subject = static_cast<std::uint64_t>(caller.user)});
  spdlog::warn("user {} is suspended after {} strikes, the last for: {}", caller.user, strikes,
               why);
  Job job;
  job.op = Op::AUTHENTICATION;
  const auto until = now_ms() + suspensions_.length().count();
  job.work = [caller, until, why, strikes](Connection& db) {
    db.run("UPDATE users SET suspended_until = ? WHERE id = ?", until, caller.user);
    audit(db, Op::AUTHENTICATION, {"user_suspended", caller.user, strikes, caller.address, why});
  };
  job.ended = [user = caller.user](const JobResult& result) {
    if (result.error != Error::none)
      spdlog::error("the suspension of user {} was not stored: {}", user, result.message);
  };
  store_.write(std::move(job));
}

// Writes an audit row without making the command wait. A failed login is answered even if its row
// cannot be written.
void Service::audit_later(Op op, AuditRow row) {
  Job job;
  job.op = op;
  job.work = [op, row](Connection& db) { audit(db, op, row); };
  job.ended = [row](const JobResult& result) {
    if (result.error != Error::none) {
      spdlog::error("audit row lost: action={} actor={} address={}: {}", row.action, row.actor,
                    row.address, result.message);
    }
  };
  store_.write(std::move(job));
}

void Service::sweep() {
  for (const auto& block : blocks_.sweep(steady_now())) {
    spdlog::info("block of {} is over: {} attempts before it, {} during it", block.address,
                 block.before, block.during);
  }
}

}  // namespace chatd
