#include "tools/simulate/server.h"

#include <algorithm>
#include <utility>

#include "tools/simulate/profile.h"

namespace ringside::simulate {
namespace {

constexpr const char* kThreadNames[Ring::kLanes] = {
    "front-0",  "front-1",  "front-2",  "front-3",  "password-0", "password-1",
    "reader-0", "reader-1", "reader-2", "reader-3", "writer"};

}  // namespace

Server::Server(Site& site, std::function<void(const Request&)> answered)
    : site_(site),
      answered_(std::move(answered)),
      database_(site, requests_, first_thread(Station::writer),
                [this](std::uint32_t request) { finish(request, first_thread(Station::writer)); }),
      guard_(site) {}

// What a piece of the server's own work takes: log-normal, in the mood of the hour.
double Server::us(double median, double sigma) {
  const double busy = site_.conditions.host_busy_percent / 100;
  const double host = 1 + busy * busy;  // twice as long on a host that has nothing left
  const double spent = site_.random.lognormal(median, sigma) * site_.server_mood.factor() * host;
  cpu_seconds_ += spent / 1e6;
  return spent;
}

bool Server::take(Request request) {
  if (!up_) return false;
  request.arrived = site_.now;
  enqueue(Station::front, requests_.add(request));
  return true;
}

void Server::enqueue(Station station, std::uint32_t request) {
  requests_.at(request).waiting_since = site_.now;
  queues_[static_cast<std::size_t>(station)].push_back(request);
  dispatch(station);
}

void Server::dispatch(Station station) {
  if (frozen_) return;
  auto& queue = queues_[static_cast<std::size_t>(station)];
  const std::uint32_t first = first_thread(station);
  const std::uint32_t last = first + kThreads[static_cast<std::size_t>(station)];
  for (std::uint32_t thread = first; thread < last && !queue.empty(); ++thread) {
    if (work_[thread].request != kNobody) continue;
    const std::uint32_t request = queue.front();
    queue.pop_front();
    begin(thread, request);
  }
}

// How long a thread hangs before it does anything.
Ns Server::stuck_for(std::uint32_t thread) const {
  const Conditions& c = site_.conditions;
  const bool stuck = (station_of(thread) == Station::front && thread < c.stuck_front) ||
                     (station_of(thread) == Station::readers && c.stuck_readers);
  return stuck ? std::max<Ns>(c.stuck_until - site_.now, 0) : 0;
}

void Server::begin(std::uint32_t thread, std::uint32_t number) {
  Request& request = requests_.at(number);
  const Ns waited = site_.now - request.waiting_since;
  const Ns stuck = stuck_for(thread);
  Ns span = 0;
  switch (station_of(thread)) {
    case Station::front:
      request.stages[index_of(Stage::queue)] = waited;
      span = front_span(request);
      request.stages[index_of(Stage::security)] += stuck;
      break;
    case Station::passwords: span = password_span(request); break;
    case Station::readers: span = database_.span_of_read(request); break;
    case Station::writer: break;
  }
  work_[thread] = {number, site_.now, span};
  site_.agenda.add(site_.now + span + stuck, What::thread_done, thread, life_);
}

Ns Server::front_span(Request& request) {
  const Conditions& c = site_.conditions;
  const auto stage = [&](Stage which, double median) {
    const double extra_ms = c.stage_extra_ms[index_of(which)];
    const double extra = extra_ms > 0 ? site_.random.lognormal(extra_ms * 1e3, 0.3) : 0;
    const Ns span = static_cast<Ns>((us(median, 0.5) + extra) * 1e3);
    request.stages[index_of(which)] += span;
    return span;
  };
  const Ns validation = stage(Stage::validation, 22);
  return validation + stage(Stage::security, 9);
}

// Argon2id takes 55 ms of a processor.
Ns Server::password_span(Request& request) {
  const double extra = site_.conditions.login_extra_ms * 1e3;
  const Ns span = static_cast<Ns>((us(55'000, 0.15) + extra) * 1e3);
  request.stages[index_of(Stage::security)] += site_.now - request.waiting_since + span;
  return span;
}

void Server::thread_done(std::uint32_t thread, std::uint32_t stamp) {
  if (stamp != life_) return;
  const Work work = std::exchange(work_[thread], {});
  const Station station = station_of(thread);
  if (station == Station::front) {
    after_front(work.request);
  } else if (station == Station::passwords) {
    Request& request = requests_.at(work.request);
    if (request.wrong_password) {
      request.outcome = Outcome::denied;
      request.code = Code::LOGIN_FAILED;
      guard_.failed(request, Event::LOGIN_FAILED, thread);
      finish(work.request, thread);
    } else {
      to_database(work.request);
    }
  } else {
    database_.read_done(requests_.at(work.request), work.span, thread);
    finish(work.request, thread);
  }
  dispatch(station);
}

void Server::after_front(std::uint32_t number) {
  Request& request = requests_.at(number);
  const std::uint32_t lane = 0;
  if (request.code == Code::TOKEN_REJECTED) {
    guard_.failed(request, Event::TOKEN_REJECTED, lane);
  } else if (request.code == Code::RATE_LIMITED) {
    Happened limited;
    limited.event = Event::RATE_LIMIT;
    limited.at = site_.now;
    limited.outcome = Outcome::limited;
    limited.during = request.op;
    limited.actor = request.actor;
    limited.subject = {SubjectKind::address, request.address};
    site_.ring.write(limited, lane);
  } else if (profile_of(request.op).password && guard_.blocked(request, lane)) {
    request.outcome = Outcome::limited;
    request.code = Code::IP_BLOCKED;
  } else {
    refuse_or_fail(request);
  }
  if (request.outcome != Outcome::ok) {
    finish(number, lane);
  } else if (profile_of(request.op).password) {
    enqueue(Station::passwords, number);
  } else {
    to_database(number);
  }
}

// Mistakes of users, and the failures that the conditions ask for.
void Server::refuse_or_fail(Request& request) {
  Code code = Code::none;
  if (site_.random.chance(0.012)) {
    code = site_.random.chance(0.5) ? Code::TEXT_EMPTY : Code::NOT_A_MEMBER;
  } else if (site_.random.chance(0.0002)) {
    code = Code::INTERNAL;
  }
  for (const Conditions::Failing& failing : site_.conditions.failing) {
    if (failing.op != Op::none && failing.op != request.op) continue;
    if (failing.version && *failing.version != request.version) continue;
    if (site_.random.chance(failing.share)) code = failing.code;
  }
  if (request.op == Op::AWAIT_NEWS && code != Code::none) code = Code::NOT_AUTHENTICATED;
  request.code = code;
  if (code == Code::none) return;
  request.outcome = outcome_of(code);
  if (code == Code::DATABASE_ERROR) database_.rolled_back(request, 0);
}

void Server::to_database(std::uint32_t number) {
  Request& request = requests_.at(number);
  if (request.op == Op::AWAIT_NEWS) {
    const Ns wait = ns_of(std::min(site_.random.exponential(20), 55.0));
    request.waiting_since = site_.now;
    site_.agenda.add(site_.now + wait, What::news, number, life_);
    return;
  }
  if (profile_of(request.op).database == Needs::write) {
    database_.write(number);
  } else {
    enqueue(Station::readers, number);
  }
}

void Server::news(std::uint32_t number, std::uint32_t stamp) {
  if (stamp != life_) return;
  if (requests_.at(number).answering) {
    conclude(number, 0);
  } else {
    finish(number, 0);
  }
}

// All is done but the delivery. A delivery of a millisecond and more keeps the client waiting and
// no thread busy.
void Server::finish(std::uint32_t number, std::uint32_t lane) {
  Request& request = requests_.at(number);
  const Conditions& c = site_.conditions;
  const Ns since_front = site_.now - request.waiting_since;
  const bool poll = request.op == Op::AWAIT_NEWS;
  if (poll && request.outcome == Outcome::ok) {
    request.stages[index_of(Stage::delivery)] = since_front;
  } else if (profile_of(request.op).database != Needs::nothing &&
             (request.outcome == Outcome::ok || is_error(request.outcome))) {
    request.stages[index_of(Stage::database)] = since_front;
  }
  double slow_ms = 0;
  if (!poll && request.outcome == Outcome::ok) {
    slow_ms = c.stage_extra_ms[index_of(Stage::delivery)] + c.op_extra_ms[index_of(request.op)];
  }
  Ns span = static_cast<Ns>(us(std::max(profile_of(request.op).delivery_us, 20.0), 0.4) * 1e3);
  if (slow_ms > 0) span += ns_of(site_.random.lognormal(slow_ms, 0.3) / 1e3);
  const Stage of = c.op_extra_stage[index_of(request.op)];
  request.stages[index_of(of == Stage::none ? Stage::delivery : of)] += span;
  if (span >= kMillisecond) {
    request.answering = true;
    site_.agenda.add(site_.now + span, What::news, number, life_);
  } else {
    conclude(number, lane);
  }
}

void Server::conclude(std::uint32_t number, std::uint32_t lane) {
  const Request request = requests_.at(number);
  requests_.remove(number);
  Ended ended;
  ended.op = request.op;
  ended.arrived = request.arrived;
  ended.ended = site_.now;
  ended.outcome = request.outcome;
  ended.code = request.code;
  ended.actor = request.actor;
  ended.subject = request.subject;
  ended.stages = request.stages;
  site_.ring.write(ended, lane);
  if (request.client != kNobody) answered_(request);
}

void Server::end() {
  up_ = false;
  frozen_ = false;
  ++life_;
  requests_.clear();
  for (auto& queue : queues_) queue.clear();
  work_.fill({});
  database_.begin_anew();
  guard_.begin_anew();
}

void Server::start() {
  up_ = true;
  cpu_seconds_ = 0;
}

void Server::freeze(Ns span) {
  frozen_ = true;
  site_.agenda.delay_server(span);
}

void Server::thaw() {
  frozen_ = false;
  dispatch(Station::front);
  dispatch(Station::passwords);
  dispatch(Station::readers);
}

std::vector<Server::Thread> Server::threads() const {
  std::vector<Thread> out;
  for (std::uint32_t i = 0; i < Ring::kLanes; ++i) {
    const Work& work = work_[i];
    const Request* request = work.request == kNobody ? nullptr : &requests_.at(work.request);
    if (station_of(i) == Station::writer) request = database_.at_work();
    out.push_back({kThreadNames[i], request, request != nullptr ? request->arrived : 0});
  }
  return out;
}

}  // namespace ringside::simulate
